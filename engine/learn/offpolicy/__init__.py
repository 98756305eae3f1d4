"""What another way of deciding would have brought, from a log that knows with which probability it decided.

``log`` the rows, ``policies`` whose value is asked for, ``reward`` the model of doubly robust estimates, ``sums`` what
adds up over rows in any order, ``value`` the estimates with their intervals, ``support`` what a log cannot say.
"""
