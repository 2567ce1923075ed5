"""What surrounds every call, from the outside inward: the error boundary, the log line, the peer's identity.

Each layer is an asynchronous context manager around the handler, so that one wrapper serves all four shapes of
handler.
"""

from __future__ import annotations

import secrets
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import grpc
import structlog
from cryptography import x509

from coordinator.authorisation import Peer, check_allowed, identify
from coordinator.authority import fingerprint
from coordinator.refusals import Malformed, NoIdentity, Refusal

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Layer = Callable[[str, Context], AbstractAsyncContextManager[None]]
Handler = Any
"""grpc.RpcMethodHandler; its shape is told by `request_streaming` and `response_streaming`."""

_HOUSE = Path(__file__).resolve().parent.parent

current_peer: ContextVar[Peer] = ContextVar("current_peer")
"""Who makes the call that is being handled; admitted by the service, in the unit of work itself."""

_request_id: ContextVar[str] = ContextVar("request_id", default="")


def wrap_handler(handler: Handler, method: str, layer: Layer) -> Handler:
    """The handler with `layer` around it, whichever of the four shapes it has.

    Parsing and serialising move inside too: grpc.aio would send the text of their exceptions to the peer, and would
    parse what a peer sends before anybody asks who it is.

    Raises TypeError for a handler without the behaviour that its shape promises.
    """
    kind = ("stream" if handler.request_streaming else "unary", "stream" if handler.response_streaming else "unary")
    name = "_".join(kind)
    behaviour = getattr(handler, name, None)
    if behaviour is None:
        raise TypeError(f"{method} has no behaviour of the shape {name}")

    parse, serialise = handler.request_deserializer or _as_it_is, handler.response_serializer or _as_it_is

    def parsed(request: Any) -> Any:
        return _parse_each(parse, request) if handler.request_streaming else _parse(parse, request)

    async def one_answer(request: Any, context: Context) -> Any:
        async with layer(method, context):
            return serialise(await behaviour(parsed(request), context))

    async def many_answers(request: Any, context: Context) -> AsyncIterator[Any]:
        async with layer(method, context):
            async for answer in behaviour(parsed(request), context):
                yield serialise(answer)

    make = getattr(grpc, f"{name}_rpc_method_handler")
    return make(many_answers if handler.response_streaming else one_answer)


def _as_it_is(value: Any) -> Any:
    return value


def _parse(parse: Callable[[bytes], Any], request: bytes) -> Any:
    try:
        return parse(request)
    except Exception as error:
        raise Malformed from error


async def _parse_each(parse: Callable[[bytes], Any], requests: AsyncIterator[bytes]) -> AsyncIterator[Any]:
    async for request in requests:
        yield _parse(parse, request)


class Around(grpc.aio.ServerInterceptor):
    """An interceptor that puts one layer around every handler."""

    def __init__(self, layer: Layer) -> None:
        self._layer = layer

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """Wraps the handler that the rest of the chain gives; there is none for an unknown method."""
        handler = await continuation(handler_call_details)
        return None if handler is None else wrap_handler(handler, handler_call_details.method, self._layer)


def error_boundary(log: structlog.stdlib.BoundLogger) -> Layer:
    """Nothing of an exception reaches the peer but the status and text of a Refusal.

    Without it grpc.aio sends the text of any exception to the peer (engineering reference, finding 4).
    """

    @asynccontextmanager
    async def layer(method: str, context: Context) -> AsyncIterator[None]:
        try:
            yield
        except Refusal as refusal:
            await context.abort(grpc.StatusCode[refusal.status], refusal.text)
        except grpc.aio.AbortError:
            raise
        except Exception as error:
            log.error(
                "fault", request=_request_id.get(), method=method, fault=type(error).__name__, where=_where(error)
            )
            await context.abort(grpc.StatusCode.INTERNAL, "internal error")

    return layer


def _where(error: Exception) -> str:
    """The last place in our own code that the exception passed, such as `coordinator/intake.py:40`."""
    ours = [
        f"{Path(frame.filename).relative_to(_HOUSE)}:{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(_HOUSE)
    ]
    return ours[-1] if ours else ""


def request_log(log: structlog.stdlib.BoundLogger) -> Layer:
    """One line a call: the request's id (which the peer receives too), the method, how it ended, and for whom."""

    @asynccontextmanager
    async def layer(method: str, context: Context) -> AsyncIterator[None]:
        request = secrets.token_hex(8)
        _request_id.set(request)
        context.set_trailing_metadata((("newlyn-request-id", request),))
        status, refusal_name = "OK", ""
        try:
            yield
        except Refusal as refusal:
            status, refusal_name = refusal.status, type(refusal).__name__
            raise
        except BaseException:
            status = "FAILED"
            raise
        finally:
            peer = current_peer.get(None)
            council = peer.identity.name if peer else ""
            log.info("call", request=request, method=method, status=status, refusal=refusal_name, council=council)

    return layer


@lru_cache(maxsize=1024)
def _fingerprint_of(certificate_pem: bytes) -> bytes:
    return fingerprint(x509.load_pem_x509_certificate(certificate_pem))


@asynccontextmanager
async def identification(method: str, context: Context) -> AsyncIterator[None]:
    """Lets a call pass only for an identity that may make it.

    The identity is the certificate's typed URI name (`peer_uri`), never the untyped list or a common name.
    """
    presented = context.auth_context()
    identity = identify(presented.get("peer_uri", ()))
    check_allowed(method, identity)
    certificates = list(presented.get("x509_pem_cert", ()))
    if len(certificates) != 1:
        raise NoIdentity
    current_peer.set(Peer(identity, _fingerprint_of(certificates[0])))
    yield
