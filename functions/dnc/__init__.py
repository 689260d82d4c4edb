"""The Do Not Call domain: what an entry is, who may change it, and how every change is proved.

Handlers import this package; it never imports a handler.
"""

import gc

# Objects that are created while a function loads are hardly ever garbage, and searching them takes a tenth of a cold
# start. So the collector runs after 50,000 new objects, not 2,000. Reference counting frees most of what a call leaves.
gc.set_threshold(50_000, 20, 100)
