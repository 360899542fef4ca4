# SPDX-License-Identifier: GPL-2.0-only
#
# cmake -DOUTPUT=FILE -DINPUTS=FILE;... -P engine.cmake
# Writes a hash of the engine's sources: what another engine learnt of a function is not used.

set(all "")
foreach(file ${INPUTS})
	file(SHA256 ${file} hash)
	string(APPEND all ${hash})
endforeach()
string(SHA256 all "${all}")
file(WRITE ${OUTPUT} "static const char engine_hash[] = \"${all}\";\n")
