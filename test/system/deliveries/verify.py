"""Verifies messages with the Standard Webhooks library: a JSON object {secret, body, headers} a line; prints a line each."""

import json
import sys

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

for line in sys.stdin:
    message = json.loads(line)
    try:
        verified = Webhook(message["secret"]).verify(message["body"], message["headers"])
        print(json.dumps({"verified": verified}))
    except WebhookVerificationError as error:
        print(json.dumps({"refused": str(error)}))
