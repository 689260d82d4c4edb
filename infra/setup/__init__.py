"""What `make setup` and `make test` install into the checkout.

It imports only the standard library, and nothing of the project. Begin with `install`.
"""
