"""HttpExchange to the bytes of each payload format. Pure: no sockets, clocks or randomness."""
