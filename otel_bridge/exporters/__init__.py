"""Vendors: how each one's entries look, where they go, and the SDK exporters over them."""
