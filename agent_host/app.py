"""The one composition root: concrete parts meet here, and start and stop in order.

`AgentHost` is the front door for programs. Behaviour lives in the parts. The server, and what
watches a host, are imported by those who use them, as all others would pay for it at every start.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from agent_host.adapters.renamed import RenamedTarget
from agent_host.asgi.admin_run import AdminRuns
from agent_host.asgi.admin_task import AdminTasks
from agent_host.asgi.bind import check_bind
from agent_host.asgi.caller_token import keep_caller_token
from agent_host.asgi.edge import Edge
from agent_host.asgi.edge_policy import EdgePolicy
from agent_host.asgi.edge_rule import EdgeRules
from agent_host.asgi.guard import guard_route
from agent_host.asgi.health import health_routes
from agent_host.asgi.limited_route import LimitedRoutes
from agent_host.asgi.problem import exception_handlers
from agent_host.asgi.request_limit import RequestLimits
from agent_host.asgi.route_table import check_names, check_paths, with_access
from agent_host.authentication.anonymous import AnonymousAuthenticator
from agent_host.authentication.credential import read_credential
from agent_host.errors import ConfigurationError
from agent_host.host.assembly import Seams, assemble
from agent_host.host.run.order import KINDS
from agent_host.identity.callable_resolver import NameOfPerson, as_resolver
from agent_host.identity.derived_resolver import DerivedIdentityResolver
from agent_host.identity.open_authorizer import OpenAuthorizer
from agent_host.identity.option import PeopleOptions
from agent_host.identity.people import People, claim_sources_of
from agent_host.linking.option import LinkOptions
from agent_host.optional_part import link_routes, make_desk, make_observation, with_linkers
from agent_host.protocols.authenticator import Authenticator
from agent_host.protocols.authorizer import Authorizer
from agent_host.protocols.behavior import Behavior, RunHook
from agent_host.protocols.channel import Channel, RouteAccess
from agent_host.protocols.clock import Clock, IdFactory
from agent_host.protocols.file_store import FileStore
from agent_host.protocols.host_context import HostContext
from agent_host.protocols.identity_resolver import IdentityResolver
from agent_host.protocols.on_behalf_of import OnBehalfOf
from agent_host.protocols.operator import RunOperator
from agent_host.protocols.state_store import StateStore
from agent_host.protocols.task_runner import TaskRunner
from agent_host.registry import adapt_target
from agent_host.runner.store_task_runner import StoreTaskRunner
from agent_host.stores.memory import MemoryStateStore
from agent_host.stores.memory_file import MemoryFileStore
from agent_host.system import SystemClock, SystemIdFactory
from agent_host.types.run_policy import RunPolicy
from agent_host.types.session import SessionMode, SessionPolicy

if TYPE_CHECKING:
    from agent_host.asgi.server import ServerOptions
    from agent_host.authentication.operator_door import OperatorDoor
    from agent_host.observability.provider import Telemetry
    from agent_host.protocols.event_sink import EventSink

BODY_LIMIT_BYTES = 8 * 1024 * 1024
GRACE = timedelta(seconds=30)
DEFAULT_NAME = "agent"


class AgentHost:
    """Hosts one target on any number of channels.

    `target` is anything an adapter knows: a function, a generator, an object with `run`, an agent
    or graph of a supported framework. Without a `store` everything is kept in memory, without an
    `authenticator` every caller is the same anonymous one, which `serve` allows on loopback only.
    `people` says who may come in and which identities may be one person, `linking` how they become
    one. `on_behalf_of` exchanges callers' tokens for downstream ones.
    `edge` says who may address the host from where, `limits` what one caller may cost. `middleware`
    stands behind the edge and is Starlette's, `behaviors` wrap the target: both outermost first.
    `telemetry` says where spans and metrics go, `event_sinks` are told of the stations of runs.
    `operator_door` lets in whoever owns the store's folder, to administer, while the host serves.
    `grace` is how long runs may take to end once the host stops; `serve` and `run` set it too.

    Use `.app` with any ASGI server, or `.serve()`; `async with host:` starts everything but the
    server, for tests and scripts. A host is started once.

    Raises:
        ConfigurationError: parts that do not fit: doubled channel names or paths, a bad target.
    """

    def __init__(  # noqa: PLR0913 - each is one seam, all optional, all by keyword
        self,
        target: object,
        *,
        channels: Sequence[Channel] = (),
        name: str | None = None,
        description: str | None = None,
        store: StateStore | None = None,
        files: FileStore | None = None,
        runner: TaskRunner | None = None,
        authenticator: Authenticator | None = None,
        operator_door: "OperatorDoor | None" = None,
        identity_resolver: IdentityResolver | NameOfPerson | None = None,
        authorizer: Authorizer | None = None,
        people: PeopleOptions | None = None,
        linking: LinkOptions | None = None,
        on_behalf_of: OnBehalfOf | None = None,
        behaviors: Sequence[Behavior] = (),
        run_hook: RunHook | None = None,
        run_policy: RunPolicy | None = None,
        session_policy: SessionPolicy | None = None,
        session_mode: SessionMode = SessionMode.AUTO,
        body_limit_bytes: int = BODY_LIMIT_BYTES,
        limits: RequestLimits | None = None,
        edge: EdgePolicy | None = None,
        middleware: Sequence[Middleware] = (),
        telemetry: "Telemetry | None" = None,
        event_sinks: "Sequence[EventSink]" = (),
        grace: timedelta = GRACE,
        clock: Clock | None = None,
        ids: IdFactory | None = None,
    ) -> None:
        clock = clock or SystemClock()
        ids = ids or SystemIdFactory()
        hosted = self._target = adapt_target(target, name or DEFAULT_NAME)
        for behavior in reversed(behaviors):
            hosted = behavior.wrap(hosted)
        if name or description:
            hosted = RenamedTarget(hosted, name=name, description=description)
        self._store = store or MemoryStateStore(clock=clock)
        watch = self._observation = make_observation(telemetry, event_sinks, clock)
        on_buried = None if watch is None else watch.on_buried
        if watch is not None:
            hosted, self._store = watch.target(hosted), watch.store(self._store)
        self._runner = runner or StoreTaskRunner(
            self._store, clock=clock, ids=ids, on_buried=on_buried
        )
        if watch is not None:
            self._runner = watch.runner(self._runner)
        self._files = files or MemoryFileStore()
        self._authenticator = authenticator or AnonymousAuthenticator()
        self._door = operator_door
        self._channels = tuple(channels)
        linking = self._linking = linking or LinkOptions()
        people = with_linkers(people or PeopleOptions(), linking)
        resolver = as_resolver(identity_resolver or DerivedIdentityResolver())
        self._people = People(
            people,
            store=self._store,
            resolver=resolver,
            clock=clock,
            channels=[channel.name for channel in self._channels],
            claim_sources=claim_sources_of(self._authenticator),
        )
        self._desk = make_desk(
            linking,
            self._people.registry,
            resolver=resolver,
            store=self._store,
            clock=clock,
            ids=ids,
        )
        self._on_behalf_of = on_behalf_of
        self.authorize = self._people.authorize
        """Whether somebody may come in, see `People.authorize`. It writes nothing."""
        assembled = assemble(
            Seams(
                target=hosted,
                store=self._store,
                files=self._files,
                runner=self._runner,
                resolver=resolver,
                authorizer=authorizer or OpenAuthorizer(),
                access=self._people.policy,
                people=self._people.registry,
                rooms=people.rooms,
                run_hook=run_hook,
                run_policy=run_policy or RunPolicy(),
                session_policy=session_policy or SessionPolicy(),
                session_mode=session_mode,
                clock=clock,
                ids=ids,
                challenge=None if self.admits_anyone else self._authenticator.challenge,
                observer=None if watch is None else watch.observer,
                desk=self._desk,
                on_behalf_of=on_behalf_of,
            )
        )
        self._engine = assembled.engine
        self._context = assembled.context
        self._operator = assembled.operator
        self._stack = AsyncExitStack()
        self._grace = grace
        self._started = False
        self.app = Starlette(
            routes=self._routes(
                body_limit_bytes, LimitedRoutes(limits or RequestLimits(), clock.monotonic)
            ),
            middleware=[
                *(() if watch is None else (Middleware(watch.application),)),
                Middleware(Edge, rules=EdgeRules(edge or EdgePolicy())),
                *middleware,
            ],
            exception_handlers=exception_handlers(),
            lifespan=self._lifespan,
        )
        """The ASGI application. Its lifespan starts and stops the host."""
        # Its redirects would be built from whatever Host the caller sends.
        self.app.router.redirect_slashes = False

    @property
    def context(self) -> HostContext:
        """What channels are given; for programs that call the target through the whole pipeline."""
        return self._context

    @property
    def operator(self) -> RunOperator:
        """Runs of everybody, for programs that operate the host."""
        return self._operator

    @property
    def people(self) -> People:
        """Who is one person, and links between identities."""
        return self._people

    @property
    def admits_anyone(self) -> bool:
        """Whether callers need no proof of who they are."""
        return self._authenticator.admits_anyone

    async def __aenter__(self) -> Self:
        """Start the parts in order; what started is unwound if a later one fails."""
        if self._started:
            raise ConfigurationError("A host is started once; build another AgentHost.")
        self._started = True
        async with AsyncExitStack() as stack:
            if self._observation is not None:
                await stack.enter_async_context(self._observation)
            await stack.enter_async_context(self._store)
            if self._door is not None:
                self._door.close()  # the folder is ours: what is there is a dead process's
                stack.callback(self._door.close)
            await stack.enter_async_context(self._people.registry)
            await stack.enter_async_context(self._files)
            await stack.enter_async_context(self._runner)
            if isinstance(self._authenticator, AbstractAsyncContextManager):
                await stack.enter_async_context(self._authenticator)
            if self._desk is not None:
                await stack.enter_async_context(self._desk.lifespan())
            if self._on_behalf_of is not None:
                await stack.enter_async_context(self._on_behalf_of.lifespan())
            if isinstance(self._target, AbstractAsyncContextManager):
                await stack.enter_async_context(self._target)
            await stack.enter_async_context(self._engine)
            for channel in self._channels:
                await stack.enter_async_context(channel.lifespan(self._context))
            stack.push_async_callback(self._drain)
            self._runner.resume()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Refuse new work, let what runs finish within the grace, stop the parts in reverse."""
        await self._stack.aclose()

    def begin_draining(self) -> None:
        """Take no new turns from now on; `/readyz` says so. Runs that go on may end, and are
        followed, until the grace is over.
        """
        self._engine.close_to_new(self._grace)

    async def serve(
        self,
        options: "ServerOptions | None" = None,
        *,
        insecure: bool = False,
        shutdown: asyncio.Event | None = None,
        on_listening: Callable[[str], None] | None = None,
    ) -> None:
        """Serve on Hypercorn until `shutdown` is set, else until SIGINT or SIGTERM, within a loop
        that runs already. `on_listening` is told the URL.

        Raises:
            ConfigurationError: the address cannot be had, or is public and nobody has to prove who
                they are.
        """
        from agent_host.asgi.server import ServerOptions, serve  # noqa: PLC0415 - see the top

        options = options or ServerOptions()
        self.check_bind(options.host, insecure=insecure)
        self._grace = options.grace
        await serve(
            self.app,
            options,
            shutdown=shutdown,
            on_listening=self._opening(on_listening),
            on_stopping=self.begin_draining,
        )

    def run(
        self,
        options: "ServerOptions | None" = None,
        *,
        insecure: bool = False,
        on_listening: Callable[[str], None] | None = None,
    ) -> None:
        """`serve` on a new event loop, uvloop's where it is installed."""
        from agent_host.asgi.server import ServerOptions, run_server  # noqa: PLC0415

        options = options or ServerOptions()
        self.check_bind(options.host, insecure=insecure)
        self._grace = options.grace
        run_server(
            self.app,
            options,
            on_listening=self._opening(on_listening),
            on_stopping=self.begin_draining,
        )

    def check_bind(self, host: str, *, insecure: bool) -> None:
        """Refuse a public address where nobody has to prove who they are.

        Raises:
            ConfigurationError: it is one, and `insecure` does not allow it.
        """
        check_bind(host, authenticator=self._authenticator, insecure=insecure)

    def _opening(self, on_listening: Callable[[str], None] | None) -> Callable[[str], None] | None:
        door = self._door
        if door is None:
            return on_listening

        def listening(url: str) -> None:
            door.open(url)
            if on_listening is not None:
                on_listening(url)

        return listening

    async def _drain(self) -> None:
        self.begin_draining()
        await self._runner.drain(await self._engine.drain())

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncGenerator[None]:
        async with self:
            yield

    def _routes(self, body_limit_bytes: int, limited: LimitedRoutes) -> list[BaseRoute]:
        check_names([channel.name for channel in self._channels])
        mounted = {channel.name: channel.routes(self._context) for channel in self._channels}
        self._people.check(
            caller_channels=with_access(mounted, RouteAccess.CALLER),
            signed_channels=with_access(mounted, RouteAccess.SIGNED),
        )
        wanted = [route for routes in mounted.values() for route in routes]
        wanted += health_routes(
            started=lambda: self._started,
            draining=lambda: not self._engine.is_open,
            check_store=self._store.check,
        )
        if self._observation is not None and self._observation.metrics_text is not None:
            from agent_host.asgi.metrics import metrics_route  # noqa: PLC0415 - see the top

            wanted.append(metrics_route(self._observation.metrics_text))
        wanted += link_routes(self._linking, self._context)
        wanted += AdminRuns(self._operator).routes()
        wanted += AdminTasks(self._runner, kinds_of_runs=KINDS).routes()
        check_paths(wanted)
        callers = limited.limit_failures(self._authenticator)
        admins = callers if self._door is None else self._door.before(callers)
        if self._on_behalf_of is not None:
            wanted = [keep_caller_token(route, read_credential) for route in wanted]
        return [
            guard_route(
                limited.limit(route),
                authenticator=admins if route.access is RouteAccess.ADMIN else callers,
                body_limit_bytes=body_limit_bytes,
            )
            for route in wanted
        ]


__all__ = ["AgentHost"]
