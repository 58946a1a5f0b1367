# make run    set up what is missing, then open the window (without a display: run the example campaign)
# make test   set up what is missing, then lint, types, layers and all tests
# make mof    install the programs for porous crystals into a Python of their own (optional)
# make dft    install GPAW, the DFT code that runs here, into a Python of its own (optional)
# make setup  only set up; TORCH=cpu or TORCH=cuda chooses the build of PyTorch

.PHONY: run test setup dft mof package clean

run: setup
	@.ci/start

test: setup
	@.ci/test

setup:
	@.ci/setup

dft:
	@.ci/dft

mof:
	@.ci/mof

package: setup
	@.ci/package

clean:
	rm -rf .venv build dist example
