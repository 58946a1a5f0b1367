"""What every adapter of a protocol must pass, for the tests of this project and of packages that add to it.

Each module holds ``CHECKS``: functions that raise ``AssertionError`` with a sentence. With pytest::

    @pytest.mark.parametrize("check", generators.CHECKS, ids=lambda check: check.__name__)
    def test_my_generator(check):
        check(my_generator, my_request)
"""
