"""The receiving end of Galileo's and Runscope's protocols: here its front door.

`galileo.py` and `runscope.py` read what senders post (pure), `front_door.py` answers them over HTTP,
`line.py` words an exchange as a line for the terminal. Whatever keeps the traffic is a `Sink`.
"""
