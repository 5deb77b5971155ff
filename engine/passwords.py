"""Passwords: argon2id hashes that cost memory, the same work whether an account exists or not, and what is too weak.

Position in the house: a library room beside `sealing`. Parameters as in trust.md D: 64 MiB, three passes, one lane.
"""

from __future__ import annotations

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from engine.errors import Rejected

SHORTEST = 10
LONGEST = 200
_BANNED = frozenset(
    {
        "1234567890", "12345678910", "0123456789", "1111111111", "88888888888", "password12",
        "password123", "password1234", "passw0rd123", "qwertyuiop", "qwerty12345", "1q2w3e4r5t",
        "1qaz2wsx3edc", "iloveyou123", "admin12345", "admin123456", "administrator", "abcdefghij",
        "abc1234567", "cityloop123", "cityloop2026", "letmein1234", "welcome1234", "changeme123",
        "woaini1314", "a123456789", "zaq12wsxcde",
    }
)  # fmt: skip
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
_hasher = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)


def check_strength(password: str, account: str) -> None:
    """Refuse a password that is too short, too long, well known, or the account itself.

    Raises: Rejected (`account.weak_password`).
    """
    plain = password.casefold()
    is_weak = plain in _BANNED or account.casefold() in plain or len(set(plain)) < 4
    if not SHORTEST <= len(password) <= LONGEST or is_weak:
        raise Rejected(
            "account.weak_password",
            f"Expected {SHORTEST} to {LONGEST} characters that are no well-known password and do not hold the account, "
            "but this is not. Take three unrelated words.",
        )


def hash_password(password: str) -> str:
    """The hash to keep."""
    return _hasher.hash(password)


def matches(kept: str | None, password: str) -> bool:
    """Whether the password is the one of the hash. Without a hash the same work is done, and the answer is no."""
    try:
        return _hasher.verify(kept or _nobodys(), password) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(kept: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(kept)


def random_password() -> str:
    """Four groups of four letters and digits (80 bits), easy to read out and type."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


@cache
def _nobodys() -> str:
    return _hasher.hash(secrets.token_hex())
