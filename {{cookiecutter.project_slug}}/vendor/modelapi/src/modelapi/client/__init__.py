"""Clients of the API, typed for the current model: a Python wheel and an npm package, without dependencies.

What is the same for every model lies in python/ and typescript/ and is taken as it stands; types and what a client has
to know of its model are written from the schemas of the OpenAPI document.
"""
