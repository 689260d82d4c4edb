"""The Do Not Call domain: what an entry is, who may change it, and how every change is proved.

Nothing here imports a handler; handlers import this.
"""

import gc

# What is made while a function loads is hardly ever garbage, and looking for some is a tenth of a cold start; so Python
# looks when 50,000 new objects are there, not 2,000. What a call leaves is mostly freed without looking.
gc.set_threshold(50_000, 20, 100)
