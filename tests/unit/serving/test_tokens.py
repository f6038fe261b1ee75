from serving.tokens import ANONYMOUS, Authenticator, Caller, Tokens, read_tokens

TOKENS = Tokens("p", {"ada": "a", "bob": "b"})


def test_each_token_identifies_its_caller() -> None:
    identify = Authenticator(TOKENS).identify
    assert identify(b"Bearer p") == Caller("", may_send_feedback=False)
    assert identify(b"Bearer a") == Caller("ada", may_send_feedback=True)
    assert identify(b"Bearer b") == Caller("bob", may_send_feedback=True)
    assert identify(b"bearer  a ") == identify(b"Bearer a")
    for wrong in (b"", b"Bearer ", b"Bearer", b"Bearer pa", b"p", b"Basic p", b"Bearer \xe9"):
        assert identify(wrong) is None


def test_everybody_may_send_anonymous_feedback_without_tokens() -> None:
    for authorization in (b"", b"Bearer anything"):
        assert Authenticator(None).identify(authorization) == ANONYMOUS
    assert ANONYMOUS.may_send_feedback
    assert ANONYMOUS.sender == ""


def test_tokens_reach_the_server_through_its_environment() -> None:
    assert read_tokens(TOKENS.to_environment()) == TOKENS
    assert read_tokens(Tokens("p").to_environment()) == Tokens("p")
    assert read_tokens({"FACES_TOKEN": "p"}) == Tokens("p")
    assert read_tokens({}) is None


def test_tokens_are_not_printed() -> None:
    assert "secret" not in repr(Tokens("secret", {"ada": "secret"}))
