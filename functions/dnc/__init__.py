"""The Do Not Call domain: what an entry is, who may change it, and how every change is proved.

Nothing here imports a handler; handlers import this.
"""
