"""openapi.yaml and API.md, written from the API model."""
