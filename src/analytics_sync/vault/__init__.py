"""Keeps secrets encrypted at rest: where the keys come from, sealing and opening."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from analytics_sync.domain.masking import mask
from analytics_sync.errors import ConfigurationInvalid
from analytics_sync.vault.keys import KEY_VARIABLE, Keys, create_key_file, find_keys
from analytics_sync.vault.sealing import Owner, Vault
from analytics_sync.vault.source import KeySource

__all__ = [
    "KeySource",
    "Keys",
    "Owner",
    "Vault",
    "create_key_file",
    "find_keys",
    "mask",
    "open_vault",
]


def open_vault(
    key_file: Path,
    environ: Mapping[str, str],
    key_command: Sequence[str],
    *,
    holds_secrets: Callable[[], bool],
) -> Vault:
    """The vault with the keys of the first place that has some; the first need makes the key file.

    `holds_secrets` tells whether the database holds ciphertexts: then a new key would be of no
    use. It is asked only when no key is found.

    :raises ConfigurationInvalid: the keys can't be read or used, or are missing.
    """
    source = KeySource(key_file, environ, key_command)
    keys = source.find()
    if keys is None and holds_secrets():
        # Looked for again: another process may just have made the key and stored a secret.
        keys = source.find()
        if keys is None:
            raise ConfigurationInvalid(
                [
                    f"There is no key, but the database holds tokens encrypted with one ({key_file})."
                ],
                hint=f"Put the key file back, or give the key in {KEY_VARIABLE}. If it is lost, "
                "remove the credentials and connect the accounts again.",
            )
    return Vault(keys or create_key_file(key_file), source)
