"""Ways to reach a person, all behind one interface.

A leg brings the far end's sound in 20 ms frames and plays ours to it, at the leg's own rate.
``leg`` is the interface, ``playout`` the buffer every leg plays from, ``recorded`` a far end that
was recorded beforehand, ``webrtc`` one in a browser, ``desk_line`` a human agent's standing line,
``listen_line`` somebody who only hears, ``transport`` what joins a leg to a pipecat pipeline.
Nothing here knows what a conversation is.
"""
