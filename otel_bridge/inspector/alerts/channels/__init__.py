"""Who is told, and how: a module for each kind of channel.

Slack, PagerDuty, webhooks and Alertmanager are POSTs (`http.py`), mail is SMTP, and Apprise brings the
rest. `guard.py` says which addresses none of them connects to. What people read is put in words once
(`wording.py`), and each channel escapes it for its format.
"""
