"""Words of bits inside compiled functions: how many are set, and well-mixed ones from a counter."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types, uint64
from numba.extending import intrinsic

from anon_pipeline.compute.compiled import compiled


@intrinsic
def _intrinsic_ones(typing_context: Any, value: Any) -> Any:
    """The number of one bits of a 64-bit word."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.IntType(64)
        function = builder.module.declare_intrinsic("llvm.ctpop", [kind])
        return builder.call(function, arguments)

    return types.uint64(types.uint64), build


ones: Any = _intrinsic_ones


@compiled()
def mixed(value: Any) -> Any:
    """SplitMix64's finaliser: a counter to 64 well-mixed bits."""
    value = uint64(value + uint64(0x9E3779B97F4A7C15))
    value = (value ^ (value >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> uint64(27))) * uint64(0x94D049BB133111EB)
    return value ^ (value >> uint64(31))
