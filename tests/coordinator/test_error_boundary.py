"""If these failed, the text of an exception (a path, an SQL statement, a value) could reach whoever caused it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from io import StringIO
from typing import Any

import grpc
import pytest

from coordinator.interceptors import Around, Context, Layer, error_boundary, request_log, wrap_handler
from coordinator.log import ALLOWED_FIELDS, make_logger
from coordinator.refusals import Malformed, Refusal

CANARY = "canary 7f3a in /srv/secret.sqlite"
SHAPES = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")


class Fault(Exception):
    """Something unexpected."""


def _handlers(error: Exception) -> dict[str, grpc.RpcMethodHandler[Any, Any]]:
    async def one(_request: object, _context: object) -> bytes:
        raise error

    async def many(_request: object, _context: object) -> AsyncIterator[bytes]:
        yield b"first"
        raise error

    return {
        shape: getattr(grpc, f"{shape}_rpc_method_handler")(many if shape.endswith("stream") else one)
        for shape in SHAPES
    }


@asynccontextmanager
async def serving(
    handlers: dict[str, grpc.RpcMethodHandler[Any, Any]], layers: Sequence[Layer]
) -> AsyncIterator[grpc.aio.Channel]:
    server = grpc.aio.server(interceptors=[Around(layer) for layer in layers])
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Failing", handlers),))
    port = server.add_insecure_port("localhost:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"localhost:{port}") as channel:
            yield channel
    finally:
        await server.stop(None)


def failing_server(layers: Sequence[Layer], error: Exception) -> AbstractAsyncContextManager[grpc.aio.Channel]:
    return serving(_handlers(error), layers)


async def failure(channel: grpc.aio.Channel, shape: str) -> grpc.aio.AioRpcError:
    async def requests() -> AsyncIterator[bytes]:
        yield b"request"

    call = getattr(channel, shape)(f"/test.Failing/{shape}")(requests() if shape.startswith("stream") else b"request")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        if shape.endswith("stream"):
            async for _ in call:
                pass
        else:
            await call
    return caught.value


@pytest.mark.parametrize("shape", SHAPES)
async def test_the_text_of_an_exception_stays_here(shape: str) -> None:
    output = StringIO()
    log = make_logger(output)
    async with failing_server([error_boundary(log), request_log(log)], Fault(CANARY)) as channel:
        error = await failure(channel, shape)
    assert (error.code(), error.details()) == (grpc.StatusCode.INTERNAL, "internal error")
    assert "canary" not in repr(error.trailing_metadata()) + output.getvalue()
    lines = [json.loads(line) for line in output.getvalue().splitlines()]
    assert [line["fault"] for line in lines if line["event"] == "fault"] == ["Fault"]
    assert len({line["request"] for line in lines}) == 1
    assert all(set(line) <= ALLOWED_FIELDS for line in lines)


@pytest.mark.parametrize("shape", SHAPES)
async def test_positive_control_without_the_boundary_the_text_reaches_the_peer(shape: str) -> None:
    async with failing_server([], Fault(CANARY)) as channel:
        assert CANARY in str((await failure(channel, shape)).details())


@pytest.mark.parametrize("shape", SHAPES)
async def test_a_refusal_shows_its_fixed_text_and_nothing_else(shape: str) -> None:
    log = make_logger(StringIO())
    try:
        raise Malformed from Fault(CANARY)
    except Malformed as refusal:
        async with failing_server([error_boundary(log)], refusal) as channel:
            error = await failure(channel, shape)
    assert (error.code(), error.details()) == (grpc.StatusCode.INVALID_ARGUMENT, Malformed.text)


async def test_an_exception_in_an_inner_layer_is_inside_the_boundary() -> None:
    @asynccontextmanager
    async def broken(method: str, context: Context) -> AsyncIterator[None]:
        if method:
            raise Fault(CANARY)
        yield

    async with failing_server([error_boundary(make_logger(StringIO())), broken], Fault("unused")) as channel:
        assert (await failure(channel, "unary_unary")).details() == "internal error"


def test_a_handler_of_no_known_shape_is_not_wrapped() -> None:
    class Shapeless:
        request_streaming = response_streaming = False
        unary_unary: Callable[..., object] | None = None

    with pytest.raises(TypeError):
        wrap_handler(Shapeless(), "/test.Failing/none", error_boundary(make_logger(StringIO())))


def test_the_list_of_refusals_is_closed_and_has_no_parameters() -> None:
    def below(parent: type[Refusal]) -> set[type[Refusal]]:
        children = set(parent.__subclasses__())
        return children.union(*(below(child) for child in children))

    kinds = below(Refusal)
    assert len({kind.text for kind in kinds}) == len(kinds) > 5
    for kind in kinds:
        assert isinstance(grpc.StatusCode[kind.status], grpc.StatusCode)
        assert "{" not in kind.text
        with pytest.raises(TypeError):
            kind("a value")  # type: ignore[call-arg]


def _explode(_value: object) -> Any:
    raise Fault(CANARY)


def _coding_handlers(**coding: object) -> dict[str, grpc.RpcMethodHandler[Any, Any]]:
    async def one(_request: object, _context: object) -> bytes:
        return b"answer"

    async def many(_request: object, _context: object) -> AsyncIterator[bytes]:
        yield b"answer"

    async def read_one(requests: AsyncIterator[bytes], _context: object) -> bytes:
        return b"".join([request async for request in requests])

    async def read_many(requests: AsyncIterator[bytes], _context: object) -> AsyncIterator[bytes]:
        async for request in requests:
            yield request

    behaviours = {"unary_unary": one, "unary_stream": many, "stream_unary": read_one, "stream_stream": read_many}
    return {
        shape: getattr(grpc, f"{shape}_rpc_method_handler")(behaviour, **coding)
        for shape, behaviour in behaviours.items()
    }


@pytest.mark.parametrize("shape", SHAPES)
async def test_parsing_and_serialising_are_inside_the_boundary(shape: str) -> None:
    boundary = [error_boundary(make_logger(StringIO()))]
    async with serving(_coding_handlers(request_deserializer=_explode), boundary) as channel:
        error = await failure(channel, shape)
        assert (error.code(), error.details()) == (grpc.StatusCode.INVALID_ARGUMENT, Malformed.text)
    async with serving(_coding_handlers(response_serializer=_explode), boundary) as channel:
        error = await failure(channel, shape)
        assert (error.code(), error.details()) == (grpc.StatusCode.INTERNAL, "internal error")


@pytest.mark.parametrize("shape", SHAPES)
async def test_positive_control_the_text_of_a_parsers_exception_reaches_the_peer(shape: str) -> None:
    async with serving(_coding_handlers(request_deserializer=_explode), []) as channel:
        assert CANARY in str((await failure(channel, shape)).details())
