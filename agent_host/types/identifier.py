"""Identifiers as distinct types. All are minted by the server and unguessable.

An identifier that a caller supplies is never used as one of these: it is looked up under its owner.
"""

from typing import Final, NewType

DeliveryId = NewType("DeliveryId", str)
FileId = NewType("FileId", str)
IsolationKey = NewType("IsolationKey", str)
LinkId = NewType("LinkId", str)
MessageId = NewType("MessageId", str)
QuestionId = NewType("QuestionId", str)
RunId = NewType("RunId", str)
SessionId = NewType("SessionId", str)
TaskId = NewType("TaskId", str)

DELIVERY_PREFIX: Final = "dlv_"
FILE_PREFIX: Final = "fil_"
ISOLATION_PREFIX: Final = "iso_"
LINK_PREFIX: Final = "lnk_"
MESSAGE_PREFIX: Final = "msg_"
QUESTION_PREFIX: Final = "qst_"
RUN_PREFIX: Final = "run_"
SESSION_PREFIX: Final = "ses_"
TASK_PREFIX: Final = "tsk_"

__all__ = [
    "DELIVERY_PREFIX",
    "FILE_PREFIX",
    "ISOLATION_PREFIX",
    "LINK_PREFIX",
    "MESSAGE_PREFIX",
    "QUESTION_PREFIX",
    "RUN_PREFIX",
    "SESSION_PREFIX",
    "TASK_PREFIX",
    "DeliveryId",
    "FileId",
    "IsolationKey",
    "LinkId",
    "MessageId",
    "QuestionId",
    "RunId",
    "SessionId",
    "TaskId",
]
