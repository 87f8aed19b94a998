"""Reflex's building blocks, typed for us: its own signatures are only partly known to a type checker.

Children and properties may be values or Reflex vars; what comes out is a component (or, of `cond` and `match` over
values, a var, which is used in the same places).
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

import reflex as rx
from reflex.vars.function import ArgsFunctionOperation
from reflex_components_core.base.error_boundary import ErrorBoundary
from reflex_components_core.react_router import link as _link  # pyright: ignore[reportUnknownVariableType]

Build = Callable[..., rx.Component]
Item = TypeVar("Item")

el: Any = rx.el
function_of: Any = cast(Any, ArgsFunctionOperation).create
toggle_color_mode: Any = cast(Any, rx).toggle_color_mode
error_boundary = cast(Build, cast(Any, ErrorBoundary).create)
cond = cast(Build, rx.cond)
fragment = cast(Build, rx.fragment)
inner_html = cast(Build, rx.html)
link = cast(Build, _link)
match = cast(Build, rx.match)

_foreach = cast(Build, rx.foreach)


def foreach(items: Sequence[Item], build: Callable[[Item], rx.Component]) -> rx.Component:
    """`build` for each item of a list var."""
    return _foreach(items, build)
