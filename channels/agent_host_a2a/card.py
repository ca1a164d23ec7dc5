"""The agent's card: what it can do and how it is called (specification, section 4.4). Pure.

A card of 1.0 has no member of 0.3 and the other way round: both are closed.
"""

from collections.abc import Callable, Sequence
from typing import Final

from agent_host.types import TargetDescription
from agent_host_a2a.config import A2AConfig, ExtensionConfig, SkillConfig
from agent_host_a2a.part import Fields
from agent_host_a2a.schema import HTTP_JSON, JSON_RPC, RPC_PATH_0_2, VERSION_0_3, VERSION_1_0

_SCHEME: Final = "callers"
"""What the card calls the way in which callers prove who they are."""


class CardMaker:
    """Makes the cards of one channel. `challenge` is what callers are asked for, if anything;
    `sign` adds its signatures to a card of 1.0.
    """

    def __init__(
        self,
        target: TargetDescription,
        config: A2AConfig,
        *,
        challenge: str | None,
        sign: Callable[[Fields], Fields] | None = None,
    ) -> None:
        self._sign = sign
        self._target = target
        self._config = config
        self._scheme = (challenge or "").partition(" ")[0]  # RFC 9110, section 11.3

    def card(self, base_url: str, *, extended: bool = False) -> Fields:
        """The card of 1.0, for clients that reach the host at `base_url`."""
        config = self._config
        url = base_url + config.path
        interfaces = [
            {"url": url, "protocolBinding": JSON_RPC, "protocolVersion": VERSION_1_0},
            {"url": url, "protocolBinding": HTTP_JSON, "protocolVersion": VERSION_1_0},
        ]
        if config.version_0_3:
            interfaces += [
                {"url": url, "protocolBinding": binding, "protocolVersion": VERSION_0_3}
                for binding in (JSON_RPC, HTTP_JSON)
            ]
        capabilities = self._capabilities()
        capabilities["extendedAgentCard"] = config.extended_skills is not None
        card: Fields = {
            **self._described(),
            "supportedInterfaces": interfaces,
            "capabilities": capabilities,
            "skills": self._skills(extended=extended),
        }
        if self._scheme:
            card["securitySchemes"] = {
                _SCHEME: {"httpAuthSecurityScheme": {"scheme": self._scheme}}
            }
            card["securityRequirements"] = [{"schemes": {_SCHEME: {"list": []}}}]
        return card if self._sign is None else self._sign(card)

    def card_0_3(self, base_url: str, *, extended: bool = False) -> Fields:
        """The card of 0.3."""
        config = self._config
        url = base_url + config.path
        card: Fields = {
            **self._described(),
            "protocolVersion": "0.3.0",
            "url": url,
            "preferredTransport": JSON_RPC,
            "additionalInterfaces": [
                {"url": url, "transport": binding} for binding in (JSON_RPC, HTTP_JSON)
            ],
            "capabilities": self._capabilities(),
            "skills": self._skills(extended=extended),
            "supportsAuthenticatedExtendedCard": config.extended_skills is not None,
        }
        if self._scheme:
            card["securitySchemes"] = {_SCHEME: {"type": "http", "scheme": self._scheme}}
            card["security"] = [{_SCHEME: []}]
        return card

    def card_0_2(self, base_url: str) -> Fields:
        """The card of the time before 0.3."""
        card: Fields = {
            **self._described(),
            "url": base_url + RPC_PATH_0_2,
            "capabilities": {
                "streaming": False,
                "pushNotifications": False,
                "stateTransitionHistory": False,
            },
            "skills": self._skills(extended=False),
        }
        if self._scheme:
            card["authentication"] = {"schemes": [self._scheme]}
        return card

    def _described(self) -> Fields:
        config, target = self._config, self._target
        name = config.agent_name or target.name
        described: Fields = {
            "name": name,
            "description": config.agent_description or target.description or f"The agent {name}.",
            "version": config.agent_version or target.version,
            "defaultInputModes": list(config.input_modes),
            "defaultOutputModes": list(config.output_modes),
        }
        if config.provider is not None:
            described["provider"] = {
                "organization": config.provider.organization,
                "url": config.provider.url,
            }
        if config.documentation_url is not None:
            described["documentationUrl"] = config.documentation_url
        if config.icon_url is not None:
            described["iconUrl"] = config.icon_url
        return described

    def _capabilities(self) -> Fields:
        capabilities: Fields = {
            "streaming": True,
            "pushNotifications": self._config.push_notifications,
        }
        if self._config.extensions:
            capabilities["extensions"] = [
                _extension(extension) for extension in self._config.extensions
            ]
        return capabilities

    def _skills(self, *, extended: bool) -> list[Fields]:
        config, target = self._config, self._target
        own: Sequence[Fields]
        if config.skills is not None:
            own = [_skill(skill) for skill in config.skills]
        elif target.skills:
            own = [
                {
                    "id": skill.id,
                    "name": skill.name,
                    "description": skill.description or skill.name,
                    "tags": [target.name],
                }
                for skill in target.skills
            ]
        else:
            described = self._described()
            own = [
                {
                    "id": target.name,
                    "name": described["name"],
                    "description": described["description"],
                    "tags": [target.name],
                }
            ]
        further = config.extended_skills if extended else None
        return [*own, *(_skill(skill) for skill in further or ())]


def _extension(extension: ExtensionConfig) -> Fields:
    """Without what is as it is by default: a protocol buffer leaves that out, and a signature would
    not hold.
    """
    fields: Fields = {"uri": extension.uri}
    if extension.description:
        fields["description"] = extension.description
    if extension.required:
        fields["required"] = True
    if extension.params:
        fields["params"] = extension.params
    return fields


def _skill(skill: SkillConfig) -> Fields:
    fields: Fields = {
        "id": skill.id,
        "name": skill.name,
        "description": skill.description,
        "tags": list(skill.tags),
    }
    if skill.examples:
        fields["examples"] = list(skill.examples)
    return fields


__all__ = ["CardMaker"]
