"""Whether an object comes from a framework, told without importing it."""


def is_of(candidate: object, package: str, class_name: str) -> bool:
    """Whether the type of `candidate`, or one it inherits from, is `class_name` of `package`."""
    return any(
        kind.__name__ == class_name and kind.__module__.split(".", 1)[0] == package
        for kind in type(candidate).__mro__
    )


__all__ = ["is_of"]
