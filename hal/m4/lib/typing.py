"""Names that type checkers want and MicroPython does not need."""

TYPE_CHECKING = False


class _Anything:
    def __getitem__(self, _: object) -> object:
        return object

    def __call__(self, *arguments: object) -> object:
        return arguments[-1] if arguments else None

    def __or__(self, _: object) -> object:
        return self


_anything = _Anything()


class Protocol:
    pass


def __getattr__(name: str) -> object:
    return _anything
