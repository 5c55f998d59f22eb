"""The name of a secret in; what Azure Key Vault holds under it out, by two requests of the standard library: a token, then the secret.

The token is the job's: of the user who submitted it (`OBO_ENDPOINT`), else of the compute's managed identity (`MSI_ENDPOINT`), else of the
virtual machine's. The variables are those that azure-ai-ml's and azure-identity's credentials read.
https://learn.microsoft.com/azure/machine-learning/how-to-use-secrets-in-runs
https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret/get-secret
"""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request

RESOURCE = "https://vault.azure.net"
MACHINE = "http://169.254.169.254/metadata/identity/oauth2/token"
TIMES = 4
"""How often a request is made at most."""


def value(vault: str, name: str, key: str | None) -> str:
    """The secret, or its entry `key` when it is a JSON object. Raises OSError, ValueError or KeyError."""
    base = vault if "://" in vault else f"https://{vault}.vault.azure.net" if "." not in vault else f"https://{vault}"
    address = f"{base.rstrip('/')}/secrets/{name}?api-version=7.4"
    text = str(asked(address, {"Authorization": f"Bearer {token()}"})["value"])
    if key is None:
        return text
    entries = json.loads(text)
    if not isinstance(entries, dict) or key not in entries:
        raise ValueError(f"it has no entry {key!r}")
    return entries[key] if isinstance(entries[key], str) else json.dumps(entries[key])


def token() -> str:
    own = os.environ.get("DEFAULT_IDENTITY_CLIENT_ID")
    if os.environ.get("OBO_ENDPOINT"):
        address, question, headers = os.environ["OBO_ENDPOINT"], {"resource": RESOURCE}, {}
    elif os.environ.get("MSI_ENDPOINT") and os.environ.get("MSI_SECRET"):
        address, headers = os.environ["MSI_ENDPOINT"], {"secret": os.environ["MSI_SECRET"]}
        question = {"api-version": "2017-09-01", "resource": RESOURCE, **({"clientid": own} if own else {})}
    else:
        address, headers = MACHINE, {"Metadata": "true"}
        question = {"api-version": "2018-02-01", "resource": RESOURCE, **({"client_id": own} if own else {})}
    found = asked(address + ("&" if "?" in address else "?") + urllib.parse.urlencode(question), headers)
    return str(found["token"] if "token" in found else found["access_token"])


def asked(address: str, headers: dict[str, str]) -> dict[str, object]:
    """What the other side says, as JSON; asked again when it is out of order or busy. Raises OSError with what it complains about."""
    for attempt in range(TIMES):
        try:
            with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=30) as response:
                found: dict[str, object] = json.loads(response.read().decode("utf-8"))
                return found
        except urllib.error.HTTPError as error:
            text = error.read().decode("utf-8", "replace")[:500]
            if (error.code < 500 and error.code != 429) or attempt == TIMES - 1:
                raise OSError(f"{error.code} {text}") from None
        except OSError:
            if attempt == TIMES - 1:
                raise
        time.sleep(2**attempt)
    raise AssertionError
