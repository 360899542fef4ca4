# SPDX-License-Identifier: GPL-2.0-only
#
# cmake -DINPUT=FILE -DOUTPUT=FILE -DNAME=SYMBOL -P embed.cmake
# Writes a C array of the bytes of INPUT, ended by a zero: included by one .c file.

file(READ ${INPUT} bytes HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
string(REGEX REPLACE "((0x..,){16})" "\\1\n" bytes "${bytes}")
file(WRITE ${OUTPUT} "const char ${NAME}[] = {\n${bytes}0\n};\n")
