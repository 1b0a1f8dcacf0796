"""Endpoints: schemas of parameters and bodies."""
