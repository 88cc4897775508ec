"""Open a tunnel of ngrok by pyngrok, and close it on SIGTERM: python -m modelapi.ngrok ADDRESS.

In a process of its own, so that it is closed however the one ends who shares, and no other tunnel with it.
"""

from __future__ import annotations

import json
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from pyngrok import ngrok, process
from pyngrok.conf import PyngrokConfig
from pyngrok.exception import PyngrokError

from modelapi.tunnels import SECONDS, TunnelSettings

LOOK = 0.2  # Seconds between two looks whether the agent is still there.


def main(address: str) -> None:
    """Open the tunnel, say its address, and wait for the end of its agent; exit with one line if it does not open."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    settings = TunnelSettings.load()
    token = settings.ngrok_authtoken.get_secret_value()
    with tempfile.TemporaryDirectory() as folder:
        # pyngrok hands a token on as an argument, which whoever lists processes sees; a file is for its owner alone.
        path = Path(folder, "ngrok.yml")
        path.write_text(json.dumps({"version": "3", "agent": {"authtoken": token}}), encoding="utf-8")
        agent = PyngrokConfig(
            ngrok_path=shutil.which("ngrok"),
            config_path=str(path),
            region=settings.ngrok_region or None,
            startup_timeout=SECONDS,
            request_timeout=SECONDS,
        )
        agent.auth_token = None
        domain = {"url": f"https://{settings.ngrok_domain}"} if settings.ngrok_domain else {}
        try:
            tunnel = ngrok.connect(address, "http", pyngrok_config=agent, **domain)
            print(f"Forwarding {tunnel.public_url}", flush=True)
            while process.is_process_running(agent.ngrok_path):
                time.sleep(LOOK)
        except (PyngrokError, OSError) as error:
            sys.exit(" ".join(str(error).split()).replace(token, "…"))
        finally:
            ngrok.kill(agent)


if __name__ == "__main__":
    main(sys.argv[1])
