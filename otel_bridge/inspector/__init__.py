"""The receiving end of Galileo's and Runscope's protocols.

`wire/` answers senders and reads what they post into `Exchange`s, `terminal/` prints them. Whatever keeps
the traffic is a `Sink` to the wire.
"""
