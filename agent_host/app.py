"""The one composition root: concrete parts meet here, and start and stop in order.

`AgentHost` is the front door for programs. Behaviour lives in the parts. The server, and what
watches a host, are imported by those who use them, as all others would pay for it at every start.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Self, cast

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from agent_host.adapters.renamed import RenamedTarget
from agent_host.asgi.admin import admin_routes
from agent_host.asgi.caller_token import keep_caller_token
from agent_host.asgi.edge import Edge
from agent_host.asgi.edge_policy import EdgePolicy
from agent_host.asgi.edge_rule import EdgeRules
from agent_host.asgi.health import health_routes
from agent_host.asgi.limited_route import LimitedRoutes
from agent_host.asgi.problem import exception_handlers
from agent_host.asgi.request_limit import RequestLimits
from agent_host.asgi.route_table import channel_routes, check_paths
from agent_host.authentication.anonymous import AnonymousAuthenticator
from agent_host.authentication.credential import read_credential
from agent_host.delivery.option import DeliveryOptions
from agent_host.delivery.service import Deliveries, DeliverySeams
from agent_host.errors import ConfigurationError
from agent_host.host.assembly import Seams, assemble
from agent_host.host.run.order import KINDS
from agent_host.identity.callable_resolver import NameOfPerson, as_resolver
from agent_host.identity.derived_resolver import DerivedIdentityResolver
from agent_host.identity.open_authorizer import OpenAuthorizer
from agent_host.identity.option import PeopleOptions
from agent_host.identity.people import claim_sources_of
from agent_host.linking.option import LinkOptions
from agent_host.optional_part import link_routes, make_observation, make_runner, metrics_routes
from agent_host.outbound.guarded import GuardedOutbound
from agent_host.people_part import make_people
from agent_host.protocols.authenticator import Authenticator
from agent_host.protocols.authorizer import Authorizer
from agent_host.protocols.behavior import Behavior, RunHook
from agent_host.protocols.channel import Channel
from agent_host.protocols.clock import Clock, IdFactory
from agent_host.protocols.command import Command
from agent_host.protocols.delivery import Deliverer, DeliveryOperator, ResponseHook
from agent_host.protocols.file_store import FileStore
from agent_host.protocols.host_context import HostContext
from agent_host.protocols.identity_resolver import IdentityResolver
from agent_host.protocols.on_behalf_of import OnBehalfOf
from agent_host.protocols.operator import RunOperator
from agent_host.protocols.outbound import Outbound
from agent_host.protocols.pairing import PairingOperator
from agent_host.protocols.people import PeopleOperator
from agent_host.protocols.refusal import TellRefused
from agent_host.protocols.state_store import StateStore
from agent_host.protocols.task_runner import TaskRunner
from agent_host.registry import adapt_target
from agent_host.serving import HostServer
from agent_host.stores.memory import MemoryStateStore
from agent_host.stores.memory_file import MemoryFileStore
from agent_host.system import SystemClock, SystemIdFactory
from agent_host.types.inbound import InboundPolicy
from agent_host.types.pairing import PairingPolicy
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
    one, `pairing` where strangers may ask an operator. `on_behalf_of` exchanges callers' tokens for
    downstream ones.
    `edge` says who may address the host from where, `limits` what one caller may cost. `middleware`
    stands behind the edge and is Starlette's, `behaviors` wrap the target: both outermost first.
    `response_hook` rewrites answers for where they go, `delivery` says how they get there,
    `inbound_policy` how events are taken and `tell_refused` who is told that one became no run.
    `commands` are answered by the app itself, beside the host's own.
    `telemetry` says where spans and metrics go, `event_sinks` are told of the stations of runs.
    `outbound` sends to places that callers name; without one, to public addresses by https only.
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
        outbound: Outbound | None = None,
        authenticator: Authenticator | None = None,
        operator_door: "OperatorDoor | None" = None,
        identity_resolver: IdentityResolver | NameOfPerson | None = None,
        authorizer: Authorizer | None = None,
        people: PeopleOptions | None = None,
        linking: LinkOptions | None = None,
        pairing: PairingPolicy | None = None,
        on_behalf_of: OnBehalfOf | None = None,
        behaviors: Sequence[Behavior] = (),
        run_hook: RunHook | None = None,
        response_hook: ResponseHook | None = None,
        delivery: DeliveryOptions | None = None,
        commands: Sequence[Command] = (),
        run_policy: RunPolicy | None = None,
        session_policy: SessionPolicy | None = None,
        session_mode: SessionMode = SessionMode.AUTO,
        inbound_policy: InboundPolicy | None = None,
        tell_refused: TellRefused | None = None,
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
        if watch is not None:
            hosted, self._store = watch.target(hosted), watch.store(self._store)
        self._runner = make_runner(runner, self._store, watch=watch, clock=clock, ids=ids)
        self._files = files or MemoryFileStore()
        self._outbound = outbound or GuardedOutbound()
        self._authenticator = authenticator or AnonymousAuthenticator()
        self._door = operator_door
        self._channels = tuple(channels)
        self._linking = linking or LinkOptions()
        resolver = as_resolver(identity_resolver or DerivedIdentityResolver())
        known = make_people(
            people or PeopleOptions(),
            self._linking,
            pairing,
            store=self._store,
            resolver=resolver,
            clock=clock,
            ids=ids,
            channels=[channel.name for channel in self._channels],
            claim_sources=claim_sources_of(self._authenticator),
        )
        self.people = known.people
        """Who is one person, and links between identities."""
        self.pairing: PairingOperator | None = known.pairing
        """Strangers who ask to be let in, for programs that operate the host; None without it."""
        self._desk = known.desk
        self._on_behalf_of = on_behalf_of
        self.authorize = self.people.authorize
        """Whether somebody may come in, see `People.authorize`. It writes nothing."""
        self._deliveries = Deliveries(
            DeliverySeams(
                store=self._store,
                runner=self._runner,
                channels=self._channels,
                resolver=resolver,
                options=known.delivered(delivery),
                response_hook=response_hook,
                clock=clock,
                ids=ids,
                observer=None if watch is None else watch.delivery_observer,
                carrier=None if watch is None else watch.trace_carrier,
            )
        )
        assembled = assemble(
            Seams(
                target=hosted,
                store=self._store,
                files=self._files,
                runner=self._runner,
                resolver=resolver,
                outbound=self._outbound,
                authorizer=authorizer or OpenAuthorizer(),
                access=self.people.policy,
                people=self.people.registry,
                directory=self.people.directory,
                personal_parts=(self._deliveries.kept, *known.personal),
                pairing=known.pairing,
                rooms=known.options.rooms,
                run_hook=run_hook,
                run_policy=run_policy or RunPolicy(),
                session_policy=session_policy or SessionPolicy(),
                session_mode=session_mode,
                inbound_policy=inbound_policy or InboundPolicy(),
                tell_refused=tell_refused or self._deliveries.tell_refused,
                clock=clock,
                ids=ids,
                deliveries=self._deliveries.planner,
                commands=commands,
                challenge=None if self.admits_anyone else self._authenticator.challenge,
                observer=None if watch is None else watch.observer,
                desk=self._desk,
                on_behalf_of=on_behalf_of,
            )
        )
        self._engine, self._follows = assembled.engine, assembled.follows
        self.context: HostContext = assembled.context
        """What channels are given; for programs that call the target through the whole pipeline."""
        self.operator: RunOperator = assembled.operator
        """Runs of everybody, for programs that operate the host."""
        deliverer = self._deliveries.answers_from(assembled.answers)
        self.deliver = deliverer.deliver
        """Sends a message that nobody has asked for just now; see `Deliverer`."""
        self.deliveries: DeliveryOperator = self._deliveries.operator
        """Deliveries to everybody, for programs that operate the host."""
        self._erasures, operator = assembled.people
        self.people_operator: PeopleOperator = operator
        """What is kept of people, for programs that operate the host: shown, exported, erased."""
        self._stack = AsyncExitStack()
        self._grace = grace
        self._started = False
        self.app = Starlette(
            routes=self._routes(
                deliverer,
                body_limit_bytes,
                LimitedRoutes(limits or RequestLimits(), clock.monotonic),
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
        self._server = HostServer(
            self.app,
            authenticator=self._authenticator,
            door=operator_door,
            on_stopping=self.begin_draining,
        )
        # Its redirects would be built from whatever Host the caller sends.
        self.app.router.redirect_slashes = False

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
            for part in self._in_order(stack):
                if isinstance(part, AbstractAsyncContextManager):
                    await stack.enter_async_context(
                        cast("AbstractAsyncContextManager[object]", part)
                    )
            stack.push_async_callback(self._drain)
            self._runner.resume()
            self._stack = stack.pop_all()
        return self

    def _in_order(self, stack: AsyncExitStack) -> Iterator[object]:
        """What is started, each thing once those before it are."""
        yield from (self._observation, self._store)
        if self._door is not None:
            self._door.close()  # the folder is ours: what is there is a dead process's
            stack.callback(self._door.close)
        yield from (self.people.registry, self._files, self._outbound, self._runner)
        yield self._authenticator
        yield from (part.lifespan() for part in (self._desk, self._on_behalf_of) if part)
        yield from (self._target, self._engine, self._deliveries, self._follows, self._erasures)
        yield from (channel.lifespan(self.context) for channel in self._channels)

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
        self._grace = self._grace if options is None else options.grace
        await self._server.serve(
            options, insecure=insecure, shutdown=shutdown, on_listening=on_listening
        )

    def run(
        self,
        options: "ServerOptions | None" = None,
        *,
        insecure: bool = False,
        on_listening: Callable[[str], None] | None = None,
    ) -> None:
        """`serve` on a new event loop, uvloop's where it is installed."""
        self._grace = self._grace if options is None else options.grace
        self._server.run(options, insecure=insecure, on_listening=on_listening)

    def check_bind(self, host: str, *, insecure: bool) -> None:
        """Refuse a public address where nobody has to prove who they are.

        Raises:
            ConfigurationError: it is one, and `insecure` does not allow it.
        """
        self._server.check_bind(host, insecure=insecure)

    async def _drain(self) -> None:
        self.begin_draining()
        left = await self._engine.drain()
        await self._deliveries.stop()
        await self._runner.drain(left)

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncGenerator[None]:
        async with self:
            yield

    def _routes(
        self, deliverer: Deliverer, body_limit_bytes: int, limited: LimitedRoutes
    ) -> list[BaseRoute]:
        wanted = channel_routes(self._channels, self.context, check=self.people.check)
        wanted += health_routes(
            started=lambda: self._started,
            draining=lambda: not self._engine.is_open,
            check_store=self._store.check,
        )
        wanted += metrics_routes(self._observation)
        wanted += link_routes(self._linking, self.context)
        wanted += admin_routes(
            runs=self.operator,
            people=self.people_operator,
            pairings=self.pairing,
            deliveries=self.deliveries,
            deliverer=deliverer,
            runner=self._runner,
            kinds_of_runs=KINDS,
        )
        check_paths(wanted)
        callers = limited.limit_failures(self._authenticator)
        admins = callers if self._door is None else self._door.before(callers)
        if self._on_behalf_of is not None:
            wanted = [keep_caller_token(route, read_credential) for route in wanted]
        return limited.guard_all(
            wanted, callers=callers, admins=admins, body_limit_bytes=body_limit_bytes
        )


__all__ = ["AgentHost"]
