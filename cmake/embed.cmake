# SPDX-License-Identifier: GPL-2.0-only
#
# cmake -DINPUT=FILE -DOUTPUT=FILE -DNAME=SYMBOL -P embed.cmake
# Writes a C array NAME of the bytes of INPUT (ASCII), ended by a zero, and NAME_sha256, their SHA-256 in base64
# as a content security policy wants it: included by one .c file.

file(READ ${INPUT} bytes HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
if(bytes MATCHES "0x[89a-f]")
	message(FATAL_ERROR "${INPUT} is not ASCII")
endif()
string(REGEX REPLACE "((0x..,){16})" "\\1\n" bytes "${bytes}")

# Three hex digits are two of base64; 32 bytes fill 43 of these.
file(SHA256 ${INPUT} hex)
set(alphabet ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/)
set(base64 "")
foreach(at RANGE 0 63 3)
	string(SUBSTRING "${hex}00" ${at} 3 digits)
	math(EXPR high "0x${digits} >> 6")
	math(EXPR low "0x${digits} & 63")
	string(SUBSTRING ${alphabet} ${high} 1 high)
	string(SUBSTRING ${alphabet} ${low} 1 low)
	string(APPEND base64 ${high}${low})
endforeach()
string(REGEX REPLACE ".$" "=" base64 "${base64}")

file(WRITE ${OUTPUT} "const char ${NAME}[] = {\n${bytes}0\n};\nconst char ${NAME}_sha256[] = \"${base64}\";\n")
