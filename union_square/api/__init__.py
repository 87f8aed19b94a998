"""The REST API."""

from union_square.api.app import create_api

__all__ = ["create_api"]
