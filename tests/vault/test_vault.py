"""Where keys come from, and what sealing keeps apart."""

import base64
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from analytics_sync.errors import ConfigurationInvalid, CredentialRefused, ExitStatus
from analytics_sync.vault import Keys, Vault, create_key_file, find_keys, mask, open_vault

OWNER = {"credential": 5}
SECRET = {"access_token": "the-access-token", "refresh_token": None, "scopes": ["a", "ä"]}


def new_key() -> str:
    return Fernet.generate_key().decode()


def vault(*keys: str) -> Vault:
    return Vault(Keys(keys, "a test"))


def write_key(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


class TestSealing:
    def test_what_was_sealed_opens_again(self) -> None:
        box = vault(new_key())
        assert box.open(OWNER, box.seal(OWNER, SECRET)) == SECRET

    def test_the_ciphertext_shows_neither_secret_nor_owner(self) -> None:
        sealed = vault(new_key()).seal(OWNER, SECRET)
        assert sealed.isascii()
        raw = base64.urlsafe_b64decode(sealed)
        assert b"the-access-token" not in raw
        assert b"credential" not in raw

    def test_the_same_secret_looks_different_each_time(self) -> None:
        box = vault(new_key())
        assert box.seal(OWNER, SECRET) != box.seal(OWNER, SECRET)

    def test_the_newest_key_seals_and_every_key_opens(self) -> None:
        old, new = new_key(), new_key()
        sealed_before = vault(old).seal(OWNER, SECRET)
        both = vault(new, old)
        assert both.open(OWNER, sealed_before) == SECRET
        assert vault(new).open(OWNER, both.seal(OWNER, SECRET)) == SECRET

    @pytest.mark.parametrize(
        "owner",
        [{"credential": 6}, {"account": 5}, {}, {"credential": 5, "x": 1}, {"credential": "5"}],
    )
    def test_a_ciphertext_does_not_open_in_another_row(self, owner: dict[str, int | str]) -> None:
        box = vault(new_key())
        with pytest.raises(CredentialRefused) as caught:
            box.open(owner, box.seal(OWNER, SECRET))
        assert caught.value.code == "credential_refused"
        assert "another row" in caught.value.message

    def test_another_key_is_told_in_words_without_the_text(self) -> None:
        sealed = vault(new_key()).seal(OWNER, SECRET)
        with pytest.raises(CredentialRefused) as caught:
            vault(new_key()).open(OWNER, sealed)
        error = caught.value
        assert error.exit_status is ExitStatus.CREDENTIAL
        assert (
            error.message
            == "The secret of credential 5 can't be decrypted with the key from a test."
        )
        assert "connect the account again" in error.hint
        assert sealed not in f"{error}{error.hint}{error.__cause__}"

    @pytest.mark.parametrize(
        "alter",
        [
            lambda sealed: sealed[:-10],
            lambda sealed: sealed[:30] + ("A" if sealed[30] != "A" else "B") + sealed[31:],
            lambda _: "",
            lambda _: "not a ciphertext",
            lambda _: "\ud800",
        ],
    )
    def test_an_altered_ciphertext_is_refused(self, alter: Callable[[str], str]) -> None:
        box = vault(new_key())
        with pytest.raises(CredentialRefused):
            box.open(OWNER, alter(box.seal(OWNER, SECRET)))

    def test_no_repr_shows_a_key(self) -> None:
        key = new_key()
        assert key not in repr(vault(key)) + repr(Keys((key,), "a test"))


@given(st.dictionaries(st.text(), st.none() | st.text() | st.integers() | st.lists(st.text())))
def test_any_json_survives_sealing(secret: dict[str, object]) -> None:
    box = vault(base64.urlsafe_b64encode(bytes(32)).decode())
    assert box.open(OWNER, box.seal(OWNER, secret)) == secret


class TestPlaces:
    """The first place that has a key is used."""

    def test_from_strongest_to_weakest(self, tmp_path: Path) -> None:
        credential, printed, variable, filed = (new_key() for _ in range(4))
        write_key(tmp_path / "analytics-sync.key", credential, 0o444)
        environ = {"CREDENTIALS_DIRECTORY": str(tmp_path), "ANALYTICS_SYNC_KEY": variable}
        key_file = write_key(tmp_path / "key", filed)
        command = [sys.executable, "-c", f"print('{printed}')"]

        def found(environ: dict[str, str], command: list[str]) -> Keys:
            keys = find_keys(key_file, environ, command)
            assert keys is not None
            return keys

        assert found(environ, command).texts == (credential,)
        assert found(environ, command).where == str(tmp_path / "analytics-sync.key")
        del environ["CREDENTIALS_DIRECTORY"]
        assert found(environ, command).texts == (printed,)
        assert found(environ, []).texts == (variable,)
        assert found(environ, []).where == "ANALYTICS_SYNC_KEY"
        assert found({}, []).texts == (filed,)
        assert found({}, []).where == str(key_file)

    def test_none_where_no_place_has_one(self, tmp_path: Path) -> None:
        environ = {"CREDENTIALS_DIRECTORY": str(tmp_path), "ANALYTICS_SYNC_KEY": ""}
        assert find_keys(tmp_path / "key", environ) is None

    def test_several_keys_one_a_line_newest_first(self, tmp_path: Path) -> None:
        new, old = new_key(), new_key()
        key_file = write_key(tmp_path / "key", f"# since May\n{new}\n\n  {old}  \n")
        keys = find_keys(key_file, {})
        assert keys is not None
        assert keys.texts == (new, old)


class TestUnusable:
    def refused(self, key_file: Path, environ: dict[str, str] | None = None, command: tuple[str, ...] = ()) -> ConfigurationInvalid:  # fmt: skip
        with pytest.raises(ConfigurationInvalid) as caught:
            find_keys(key_file, environ or {}, command)
        return caught.value

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
    def test_a_file_open_to_others_is_refused_with_what_to_type(
        self, tmp_path: Path, mode: int
    ) -> None:
        key_file = write_key(tmp_path / "key", new_key(), mode)
        error = self.refused(key_file)
        assert f"(mode {mode:04o})" in error.message
        assert error.hint == f"Type: chmod 600 {key_file}"

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("", "it is empty"),
            ("\n# only a comment\n", "it is empty"),
            ("hunter2", "key 1 of 1 is not one"),
            ("A" * 43, "key 1 of 1 is not one"),
            ("A" * 44, "key 1 of 1 is not one"),
            (base64.urlsafe_b64encode(bytes(33)).decode(), "key 1 of 1 is not one"),
            ("käse", "it holds other characters than a key has"),
        ],
    )
    def test_a_garbled_file_is_told_without_its_text(
        self, tmp_path: Path, text: str, words: str
    ) -> None:
        error = self.refused(write_key(tmp_path / "key", text))
        assert words in error.message
        assert str(tmp_path / "key") in error.message
        assert "one key a line" in error.hint
        assert not text.strip() or text not in f"{error}{error.hint}"

    def test_the_second_key_is_looked_at_too(self, tmp_path: Path) -> None:
        error = self.refused(write_key(tmp_path / "key", f"{new_key()}\nhunter2\n"))
        assert "key 2 of 2 is not one" in error.message

    def test_a_garbled_variable_hides_no_weaker_place(self, tmp_path: Path) -> None:
        key_file = write_key(tmp_path / "key", new_key())
        error = self.refused(key_file, {"ANALYTICS_SYNC_KEY": "hunter2"})
        assert "ANALYTICS_SYNC_KEY" in error.message
        assert "hunter2" not in error.message

    def test_a_folder_in_its_place(self, tmp_path: Path) -> None:
        (tmp_path / "key").mkdir(0o700)
        assert "can't be read: Is a directory" in self.refused(tmp_path / "key").message

    def test_a_file_of_another_user(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(path: Path, **_: object) -> None:
            raise PermissionError(13, "Permission denied", str(path))

        monkeypatch.setattr(Path, "open", refuse)
        error = self.refused(tmp_path / "key")
        assert "can't be read: Permission denied" in error.message
        assert "user who owns" in error.hint

    @pytest.mark.parametrize(
        ("script", "words"),
        [
            (
                "import sys; print('x', file=sys.stderr); sys.exit('gpg: no key')",
                "ended with 1: gpg: no key",
            ),
            ("raise SystemExit(3)", "ended with 3."),
            ("print()", "it is empty"),
            ("print('hunter2')", "key 1 of 1 is not one"),
        ],
    )
    def test_a_command_that_fails_is_told_without_what_it_printed(
        self, tmp_path: Path, script: str, words: str
    ) -> None:
        error = self.refused(tmp_path / "key", None, (sys.executable, "-c", script))
        assert words in error.message
        assert "hunter2" not in error.message

    def test_a_command_that_is_not_there(self, tmp_path: Path) -> None:
        error = self.refused(tmp_path / "key", None, (str(tmp_path / "missing"),))
        assert "can't be started: No such file" in error.message

    def test_a_command_that_never_ends(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("analytics_sync.vault.keys.COMMAND_SECONDS", 0.05)
        command = (sys.executable, "-c", "input() if False else __import__('time').sleep(60)")
        assert "took longer than 0.05 s" in self.refused(tmp_path / "key", None, command).message


class TestKeyFile:
    def test_it_is_made_for_its_owner_only(self, tmp_path: Path) -> None:
        keys = create_key_file(tmp_path / "key")
        assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
        assert (tmp_path / "key").read_text() == f"{keys.texts[0]}\n"
        assert find_keys(tmp_path / "key", {}) == keys
        assert [one.name for one in tmp_path.iterdir()] == ["key"]
        box = Vault(keys)
        assert box.open(OWNER, box.seal(OWNER, SECRET)) == SECRET

    def test_a_umask_does_not_open_it(self, tmp_path: Path) -> None:
        before = os.umask(0)
        try:
            create_key_file(tmp_path / "key")
        finally:
            os.umask(before)
        assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600

    def test_an_existing_one_is_never_changed(self, tmp_path: Path) -> None:
        key = new_key()
        write_key(tmp_path / "key", key)
        assert create_key_file(tmp_path / "key").texts == (key,)
        assert (tmp_path / "key").read_text() == key

    def test_processes_that_make_it_at_once_agree_on_one(self, tmp_path: Path) -> None:
        script = (
            "import sys; from pathlib import Path; from analytics_sync.vault import create_key_file\n"
            "sys.stdin.read()\n"
            "print(create_key_file(Path(sys.argv[1])).texts[0])"
        )
        running = [
            subprocess.Popen(
                [sys.executable, "-c", script, str(tmp_path / "key")],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(4)
        ]
        for process in running:
            assert process.stdin is not None
            process.stdin.close()
            process.stdin = None
        printed = {process.communicate()[0] for process in running}
        assert printed == {(tmp_path / "key").read_text()}
        assert [one.name for one in tmp_path.iterdir()] == ["key"]

    def test_a_failed_write_leaves_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(_: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(ConfigurationInvalid, match="No space left"):
            create_key_file(tmp_path / "key")
        assert list(tmp_path.iterdir()) == []

    def test_a_missing_folder_is_told_in_words(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationInvalid) as caught:
            create_key_file(tmp_path / "missing" / "key")
        assert "No such file or directory" in caught.value.message
        assert "analytics-sync init" in caught.value.hint


class TestOpening:
    def test_the_first_need_makes_the_key(self, tmp_path: Path) -> None:
        first = open_vault(tmp_path / "key", {}, (), holds_secrets=lambda: False)
        second = open_vault(tmp_path / "key", {}, (), holds_secrets=lambda: True)
        assert second.open(OWNER, first.seal(OWNER, SECRET)) == SECRET

    def test_no_new_key_is_made_where_tokens_wait_for_the_old_one(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationInvalid) as caught:
            open_vault(tmp_path / "key", {}, (), holds_secrets=lambda: True)
        assert "There is no key, but the database holds tokens" in caught.value.message
        assert "Put the key file back" in caught.value.hint
        assert not (tmp_path / "key").exists()

    def test_a_key_made_by_another_process_meanwhile_is_taken(self, tmp_path: Path) -> None:
        def stored_by_another() -> bool:
            create_key_file(tmp_path / "key")
            return True

        box = open_vault(tmp_path / "key", {}, (), holds_secrets=stored_by_another)
        assert box.open(OWNER, box.seal(OWNER, SECRET)) == SECRET


def test_a_secret_is_shown_by_its_last_four_characters_at_most() -> None:
    assert mask("0123456789abcdefghij") == "****ghij"


def test_importing_the_vault_does_not_import_cryptography() -> None:
    script = "import sys, analytics_sync.vault; print('cryptography' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
