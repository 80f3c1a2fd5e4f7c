"""Reading the type annotations of the Structs: what the loader, the reference page and the variables have in common."""

from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from msgspec import Meta, Struct

from .secrets import Secret


class Shape(NamedTuple):
    """An annotation without its wrapping. `item` is what an array or table holds."""

    base: Any
    item: Any
    metas: tuple[Meta, ...]
    optional: bool

    @property
    def is_secret(self) -> bool:
        """A reference that resolves to a secret."""
        return self.base is Secret

    @property
    def is_struct(self) -> bool:
        """A table with known keys."""
        return isinstance(self.base, type) and issubclass(self.base, Struct)

    @property
    def choices(self) -> tuple[str, ...]:
        """The allowed words, when only some are."""
        return tuple(str(word) for word in get_args(self.base)) if get_origin(self.base) is Literal else ()

    def note(self, name: str) -> Any:
        """A remark of our own in the annotation (`unit`, `default`, `expects`, `restart`)."""
        for meta in self.metas:
            if meta.extra and name in meta.extra:
                return meta.extra[name]
        return None

    @property
    def description(self) -> str:
        """What the setting is for."""
        return next((meta.description for meta in reversed(self.metas) if meta.description), "")


def shape_of(annotation: Any) -> Shape:
    """Unwraps `Annotated[…]` and `… | None`."""
    base, metas, optional = _unwrap(annotation)
    origin, arguments = get_origin(base), get_args(base)
    if origin is list:
        return Shape(list, arguments[0], metas, optional)
    if origin is dict:
        return Shape(dict, arguments[1], metas, optional)
    return Shape(base, None, metas, optional)


def _unwrap(annotation: Any) -> tuple[Any, tuple[Meta, ...], bool]:
    if get_origin(annotation) is Annotated:
        inner, *notes = get_args(annotation)
        base, metas, optional = _unwrap(inner)
        return base, (*metas, *(meta for meta in notes if isinstance(meta, Meta))), optional
    if get_origin(annotation) in (Union, UnionType):
        inner = next(part for part in get_args(annotation) if part is not NoneType)
        base, metas, _ = _unwrap(inner)
        return base, metas, True
    return annotation, (), False
