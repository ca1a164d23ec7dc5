"""The edge: middleware, errors, health routes, serving."""
