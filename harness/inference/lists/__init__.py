"""Queries: scope, filters, order, pages."""
