PAGE = None
def renewed(t): return t
