"""One tree of errors. HTTP status codes and wire formats are not here: `asgi/` and channels map
`code`s. `str(error)` of a `HostError` is safe to show to the party named in its class.
"""

from agent_host.errors.access import (
    AccessError,
    AuthenticationUnavailableError,
    DeniedError,
    InsufficientScopeError,
    InvalidProofError,
    LinkRequiredError,
    UnauthenticatedError,
)
from agent_host.errors.command import (
    CommandError,
)
from agent_host.errors.configuration import (
    ConfigurationError,
    MissingExtraError,
    UnsupportedTargetError,
)
from agent_host.errors.delivery import (
    DeliveryStateError,
)
from agent_host.errors.follow import (
    FollowEndedError,
    FollowLimitError,
)
from agent_host.errors.inbound import BacklogFullError
from agent_host.errors.link import (
    LinkRefusedError,
    NotLinkedError,
)
from agent_host.errors.link_step import (
    LinkStepError,
    SignInError,
    SignInUnavailableError,
    TooManyLinkStepsError,
)
from agent_host.errors.on_behalf_of import (
    ConsentRequiredError,
    ExchangeUnavailableError,
    InteractionRequiredError,
    InvalidGrantError,
    NoCallerTokenError,
    OnBehalfOfError,
)
from agent_host.errors.outbound import (
    OutboundError,
    PushError,
    PushErrorClass,
    UnsafeUrlError,
)
from agent_host.errors.request import (
    IdempotencyConflictError,
    InvalidInputError,
    MalformedJsonError,
    NestingError,
    NotFoundError,
    RequestError,
    TooLargeError,
)
from agent_host.errors.root import (
    HostError,
)
from agent_host.errors.run import (
    DrainingError,
    FailureCode,
    InvalidTransitionError,
    NoQuestionError,
    NotCancellableError,
    RunError,
    RunFailedError,
    TargetError,
    TargetRejectedError,
)
from agent_host.errors.session import (
    QuestionOpenError,
    QueueFullError,
    SessionBusyError,
    SessionError,
    SessionReadOnlyError,
    SessionRequiredError,
    SessionResetError,
)
from agent_host.errors.store import (
    ConflictError,
    LeaseLostError,
    NewerRecordError,
    StoreError,
    StoreFullError,
    StoreUnavailableError,
    UnreadableRecordError,
)
from agent_host.errors.task import (
    PermanentTaskError,
    RetryTaskError,
    TaskError,
    TaskHandedBackError,
    TaskReplacedError,
)

__all__ = [
    "AccessError",
    "AuthenticationUnavailableError",
    "BacklogFullError",
    "CommandError",
    "ConfigurationError",
    "ConflictError",
    "ConsentRequiredError",
    "DeliveryStateError",
    "DeniedError",
    "DrainingError",
    "ExchangeUnavailableError",
    "FailureCode",
    "FollowEndedError",
    "FollowLimitError",
    "HostError",
    "IdempotencyConflictError",
    "InsufficientScopeError",
    "InteractionRequiredError",
    "InvalidGrantError",
    "InvalidInputError",
    "InvalidProofError",
    "InvalidTransitionError",
    "LeaseLostError",
    "LinkRefusedError",
    "LinkRequiredError",
    "LinkStepError",
    "MalformedJsonError",
    "MissingExtraError",
    "NestingError",
    "NewerRecordError",
    "NoCallerTokenError",
    "NoQuestionError",
    "NotCancellableError",
    "NotFoundError",
    "NotLinkedError",
    "OnBehalfOfError",
    "OutboundError",
    "PermanentTaskError",
    "PushError",
    "PushErrorClass",
    "QuestionOpenError",
    "QueueFullError",
    "RequestError",
    "RetryTaskError",
    "RunError",
    "RunFailedError",
    "SessionBusyError",
    "SessionError",
    "SessionReadOnlyError",
    "SessionRequiredError",
    "SessionResetError",
    "SignInError",
    "SignInUnavailableError",
    "StoreError",
    "StoreFullError",
    "StoreUnavailableError",
    "TargetError",
    "TargetRejectedError",
    "TaskError",
    "TaskHandedBackError",
    "TaskReplacedError",
    "TooLargeError",
    "TooManyLinkStepsError",
    "UnauthenticatedError",
    "UnreadableRecordError",
    "UnsafeUrlError",
    "UnsupportedTargetError",
]
