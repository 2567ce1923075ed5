"""If these failed, a primitive would not be the standard one, and everything that rests on its study would be lost.

Published vectors, for the libraries' primitives as the protocol uses them and for those the slow model writes out.
HPKE: RFC 9180 has none for X25519 with AES-256-GCM, and its vectors hold additional data, which the one-shot interface
of the library leaves out. So the model's own HPKE runs those of A.1.1 and A.2.1, and `test_sealing` and
`test_model_agrees` have model and library open each other's ciphertexts. Shares over the field: RFC 9591.
"""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from protos.sa1 import masking, sharing
from tests.protocol.model import field, primitives
from tests.protocol.model.primitives import AeadName


def x25519(scalar: bytes, u: bytes) -> bytes:
    """The library's, as `masking.pair_key` calls it."""
    return X25519PrivateKey.from_private_bytes(scalar).exchange(X25519PublicKey.from_public_bytes(u))


# RFC 7748, section 5.2: scalar, u coordinate, result. The second u has its top bit set.
X25519 = [
    (
        "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
        "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
        "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
    ),
    (
        "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
        "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
        "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
    ),
]


@pytest.mark.parametrize(("scalar", "u", "result"), X25519)
def test_x25519_of_rfc_7748_section_5_2(scalar: str, u: str, result: str) -> None:
    assert x25519(bytes.fromhex(scalar), bytes.fromhex(u)).hex() == result


def test_x25519_a_thousand_times_over_of_rfc_7748_section_5_2() -> None:
    k = u = (9).to_bytes(32, "little")
    k, u = x25519(k, u), k
    assert k.hex() == "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079"
    for _ in range(999):
        k, u = x25519(k, u), k
    assert k.hex() == "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51"


def test_diffie_hellman_of_rfc_7748_section_6_1() -> None:
    alice = bytes.fromhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
    bob = bytes.fromhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")
    alice_public = bytes.fromhex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
    bob_public = bytes.fromhex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")
    shared = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"
    assert (primitives.public(alice), primitives.public(bob)) == (alice_public, bob_public)
    assert x25519(alice, bob_public).hex() == x25519(bob, alice_public).hex() == shared
    assert primitives.agree(alice, bob_public).hex() == shared


# RFC 8032, section 7.1, tests 1 to 3: secret key, public key, message, signature.
ED25519 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24"
        "655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aee"
        "b00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28d"
        "c027beceea1ec40a",
    ),
]


@pytest.mark.parametrize(("secret", "public", "message", "signature"), ED25519)
def test_ed25519_of_rfc_8032_section_7_1(secret: str, public: str, message: str, signature: str) -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret))
    assert key.public_key().public_bytes_raw().hex() == public
    assert key.sign(bytes.fromhex(message)).hex() == signature


# RFC 5869, appendix A.1 to A.3: input key material, salt, info, and what comes out.
HKDF = [
    (
        "0b" * 22,
        "000102030405060708090a0b0c",
        "f0f1f2f3f4f5f6f7f8f9",
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    ),
    (
        bytes(range(0x50)).hex(),
        bytes(range(0x60, 0xB0)).hex(),
        bytes(range(0xB0, 0x100)).hex(),
        "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8"
        "367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
    ),
    ("0b" * 22, "", "", "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"),
]


@pytest.mark.parametrize(("ikm", "salt", "info", "okm"), HKDF)
def test_hkdf_of_rfc_5869_appendix_a(ikm: str, salt: str, info: str, okm: str) -> None:
    """The protocol takes 32 bytes: the first of a longer output."""
    given = [bytes.fromhex(value) for value in (ikm, salt, info)]
    assert masking.hkdf(*given).hex() == okm[:64]
    assert primitives.expand(primitives.extract(given[1], given[0]), given[2], len(okm) // 2).hex() == okm


def test_aes_256_in_counter_mode_of_sp_800_38a_f_5_5() -> None:
    key = bytes.fromhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")
    counter = bytes.fromhex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
    plaintext = bytes.fromhex(
        "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
        "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
    )
    encrypted = Cipher(algorithms.AES256(key), modes.CTR(counter)).encryptor().update(plaintext)
    assert encrypted.hex() == (
        "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5"
        "2b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6"
    )


def test_the_stream_of_a_zero_key_is_that_of_the_gcm_specifications_test_cases_13_and_14() -> None:
    """McGrew and Viega, *The Galois/Counter Mode of Operation*: a zero key's blocks 0 (H), 1 (the tag of nothing) and
    2 (the ciphertext of a zero block) are the beginning of our stream, whose counter starts at zero."""
    expected = "dc95c078a2408989ad48a21492842087530f8afbc74536b9a963b4f1c4cb738bcea7403d4d606b6e074ec5d3baf39d18"
    assert masking.keystream(bytes(32), 48).hex() == expected
    assert primitives.keystream(bytes(32), 48).hex() == expected
    assert masking.mask(bytes(32), 2, 32).tolist() == [0x78C095DC, 0x898940A2]
    assert masking.mask(bytes(32), 1, 64).tolist() == [0x898940A278C095DC]


# RFC 9180, A.1.1 and A.2.1: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, base mode, sequence number 0.
HPKE: list[tuple[AeadName, dict[str, str]]] = [
    (
        "AES-128-GCM",
        {
            "sk_e": "52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736",
            "enc": "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431",
            "sk_r": "4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8",
            "pk_r": "3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d",
            "shared_secret": "fe0e18c9f024ce43799ae393c7e8fe8fce9d218875e8227b0187c04e7d2ea1fc",
            "key": "4531685d41d65f03dc48f6b8302c05b0",
            "base_nonce": "56d890e5accaaf011cff4b7d",
            "ct": "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a",
        },
    ),
    (
        "ChaCha20Poly1305",
        {
            "sk_e": "f4ec9b33b792c372c1d2c2063507b684ef925b8c75a42dbcbf57d63ccd381600",
            "enc": "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a",
            "sk_r": "8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb",
            "pk_r": "4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a",
            "shared_secret": "0bbe78490412b4bbea4812666f7916932b828bba79942424abb65244930d69a7",
            "key": "ad2744de8e17f4ebba575b3f5f5a8fa1f69c2a07f6e7500bc60ca6e3e3ec1c91",
            "base_nonce": "5c4d98150661b848853b547f",
            "ct": "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28",
        },
    ),
]


@pytest.mark.parametrize(("aead", "vector"), HPKE)
def test_the_models_hpke_is_that_of_rfc_9180_appendix_a(aead: AeadName, vector: dict[str, str]) -> None:
    given = {name: bytes.fromhex(value) for name, value in vector.items()}
    info, aad = b"Ode on a Grecian Urn", b"Count-0"
    plaintext = b"Beauty is truth, truth beauty"
    assert primitives.public(given["sk_e"]) == given["enc"]
    assert primitives.public(given["sk_r"]) == given["pk_r"]
    shared = primitives.hpke_shared_secret(primitives.agree(given["sk_e"], given["pk_r"]), given["enc"], given["pk_r"])
    assert shared == given["shared_secret"]
    assert primitives.hpke_key_and_nonce(shared, info, aead) == (given["key"], given["base_nonce"])
    sealed = primitives.seal(given["sk_e"], given["pk_r"], info, plaintext, aad, aead)
    assert sealed == given["enc"] + given["ct"]
    assert primitives.unseal(given["sk_r"], info, sealed, aad, aead) == plaintext


# RFC 9591, appendices E.1 and E.3: secret, coefficient, shares 1 to 3 of a sharing among 3 of which 2 are needed.
FROST = {
    "E.1 FROST(Ed25519, SHA-512)": (
        "7b1c33d3f5291d85de664833beb1ad469f7fb6025a0ec78b3a790c6e13a98304",
        "178199860edd8c62f5212ee91eff1295d0d670ab4ed4506866bae57e7030b204",
        (
            "929dcc590407aae7d388761cddb0c0db6f5627aea8e217f4a033f2ec83d93509",
            "a91e66e012e4364ac9aaa405fcafd370402d9859f7b6685c07eed76bf409e80d",
            "d3cb090a075eb154e82fdb4b3cb507f110040905468bb9c46da8bdea643a9a02",
        ),
    ),
    "E.3 FROST(ristretto255, SHA-512)": (
        "1b25a55e463cfd15cf14a5d3acc3d15053f08da49c8afcf3ab265f2ebc4f970b",
        "410f8b744b19325891d73736923525a4f596c805d060dfb9c98009d34e3fec02",
        (
            "5c3430d391552f6e60ecdc093ff9f6f4488756aa6cebdbad75a768010b8f830e",
            "b06fc5eac20b4f6e1b271d9df2343d843e1e1fb03c4cbb673f2872d459ce6f01",
            "f17e505f0e2581c6acfe54d3846a622834b5e7b50cad9a2109a97ba7a80d5c04",
        ),
    ),
}


@pytest.mark.parametrize("name", FROST)
def test_the_shares_are_those_of_rfc_9591_appendix_e(name: str) -> None:
    secret, coefficient, *_ = (sharing.decode(bytes.fromhex(value)) for value in FROST[name][:2])
    expected = [sharing.decode(bytes.fromhex(value)) for value in FROST[name][2]]
    assert sharing.share(secret, [coefficient], 3) == expected
    assert [field.share(secret, [coefficient], index) for index in (1, 2, 3)] == expected
    for indices in ([1, 2], [1, 3], [2, 3], [3, 1], [3, 2], [2, 1]):
        shares = [expected[index - 1] for index in indices]
        assert sharing.recover(shares, sharing.lagrange_at_zero(indices)) == secret
