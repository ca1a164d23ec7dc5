"""A resolver that says what a test wants, a place that answers raw bytes, and a certificate."""

import asyncio
import datetime as dt
import ipaddress
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from agent_host.outbound.guarded import GuardedOutbound
from agent_host.outbound.policy import OutboundPolicy, to_allowed

PUBLIC = "2606:4700::1"
LOOPBACK = "127.0.0.1"


@dataclass
class Names:
    """Gives the answers one after the other; the last for ever, None for no such name. `asked` is
    what was looked up.
    """

    answers: Sequence[Sequence[str] | None]
    asked: list[str] = field(default_factory=list[str])

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        found = self.answers[min(len(self.asked), len(self.answers)) - 1]
        if found is None:
            raise OSError("no such name")
        return found

    def close(self) -> None:
        pass


def guarded(
    *answers: Sequence[str] | None, allow: Sequence[str] = (), ca_file: Path | None = None
) -> tuple[GuardedOutbound, Names]:
    """A client and the names that it asks."""
    names = Names(answers or [[LOOPBACK]])
    policy = OutboundPolicy(allow=frozenset(to_allowed(entry) for entry in allow), ca_file=ca_file)
    return GuardedOutbound(policy, resolver=names), names


@dataclass
class RawPlace:
    """`heads` are what came in, `port` where it listens."""

    port: int
    heads: list[bytes] = field(default_factory=list[bytes])
    names: list[str | None] = field(default_factory=list[str | None])


Say = Callable[[asyncio.StreamWriter], Awaitable[None]]


def saying(answer: bytes) -> Say:
    """Say this and hang up."""

    async def say(writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()

    return say


@asynccontextmanager
async def raw_place(say: Say, *, trust: ssl.SSLContext | None = None) -> AsyncGenerator[RawPlace]:
    """Listens on loopback, reads the head of a request, and does what the test wants."""
    place = RawPlace(port=0)
    tasks: set[asyncio.Task[None]] = set()

    def note(_: ssl.SSLObject, name: str | None, __: ssl.SSLContext) -> None:
        place.names.append(name)

    if trust is not None:
        trust.sni_callback = note

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        current = asyncio.current_task()
        assert current is not None
        tasks.add(current)
        try:
            place.heads.append(await reader.readuntil(b"\r\n\r\n"))
            await say(writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            tasks.discard(current)
            writer.close()

    server = await asyncio.start_server(serve, LOOPBACK, 0, ssl=trust)
    place.port = server.sockets[0].getsockname()[1]
    try:
        yield place
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


def certificate(folder: Path, *names: str) -> tuple[ssl.SSLContext, Path]:
    """A server's side for these names, and the file of the authority that vouches for it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test")])
    now = dt.datetime.now(dt.UTC)
    alternatives = [
        x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
        for name in names
    ]
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    authority = folder / "authority.pem"
    authority.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    own = folder / "own.pem"
    own.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + authority.read_bytes()
    )
    trust = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trust.load_cert_chain(own)
    return trust, authority


__all__ = [
    "LOOPBACK",
    "PUBLIC",
    "Names",
    "RawPlace",
    "certificate",
    "guarded",
    "raw_place",
    "saying",
]
