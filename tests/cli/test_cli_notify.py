import pytest

from support.ping_server import ping_server
from support.told import Place, Program

SECRET = "/4c1f2e9a-0000-4a55-9d9a-abcdefabcdef"


@pytest.fixture
def program(tmp_path):
    made = Program(tmp_path / "tell")
    made.write("echo told")
    return made


def test_without_settings_it_says_which_lines_to_write(command):
    words = command.refuse(78, "configuration", "notify", "test")
    assert "[notify]" in words
    assert "config.toml" in words


def test_each_way_is_tried_and_what_came_of_it_is_said(command, program):
    with ping_server() as service:
        command.secrets.add(SECRET)
        command.set(
            {
                "ANALYTICS_SYNC_NOTIFY__URL": service.origin + SECRET,
                "ANALYTICS_SYNC_NOTIFY__COMMAND": str(program.path),
            }
        )
        result = command.call("notify", "test")
        assert result.status == 0
        assert result.document["tests"] == [
            {"way": "notify.url", "sent": True, "message": ""},
            {"way": "notify.command", "sent": True, "message": ""},
        ]
        assert service.targets == [SECRET]
        assert program.events == [("test", 0)]
        program.write("exit 9")
        result = command.say("notify", "test")
        assert result.status == 1
        assert "notify.url: sent." in result.output
        assert f"notify.command ({program.path}) ended with 9" in result.output


def test_an_address_that_nobody_serves_is_status_1_and_stays_secret(command):
    command.secrets.add(SECRET)
    command.set({"ANALYTICS_SYNC_NOTIFY__URL": "http://127.0.0.1:9" + SECRET})
    assert command.call("notify", "test").status == 1
    assert command.say("notify", "test").status == 1
    assert "http://127.0.0.1:9/****" in command.call("config", "show").output


def test_a_failed_unit_of_an_unknown_job_is_a_matter_of_the_configuration(command, program):
    assert command.call("notify", "failed", "sync_business_9").document == {"told": []}
    command.set({"ANALYTICS_SYNC_NOTIFY__COMMAND": str(program.path)})
    command.say("init")
    assert "sync_business_9" in command.refuse(
        78, "unknown_job", "notify", "failed", "sync_business_9"
    )
    assert command.call("notify", "failed", "tick").document == {"told": []}


def test_a_run_that_never_was_is_told(command, program, tmp_path):
    Place(tmp_path).schedule()
    command.set({"ANALYTICS_SYNC_NOTIFY__COMMAND": str(program.path)})
    (told,) = command.call("notify", "failed", "sync_all_businesses").document["told"]
    assert "without a result" in told["message"]
    assert program.events == [("failure", 1)]
    assert command.call("notify", "failed", "tick").document == {"told": []}
