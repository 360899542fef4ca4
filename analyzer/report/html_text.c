// SPDX-License-Identifier: GPL-2.0-only
/* Text as HTML: nothing that comes from outside becomes markup, and nothing in it stays unseen. */
#include "report/html_text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"

/* The character at s as a code point, its bytes in *size; -1, and one byte, if it is no UTF-8. */
static int32_t decode(const char *s, size_t n, size_t *size)
{
	static const int32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char head = (unsigned char)*s;
	bool is_head = head >= 0xc2 && head < 0xf5;
	size_t want = head < 0x80 ? 1 : !is_head ? 0 : head < 0xe0 ? 2 : head < 0xf0 ? 3 : 4;
	int32_t c = want == 1 ? head : head & (0x7f >> want);

	*size = 1;
	if (!want || want > n)
		return -1;
	for (size_t i = 1; i < want; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return -1;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (want > 1 && (c < least[want] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)))
		return -1;
	*size = want;
	return c;
}

/* Is it a character that is not seen, or that moves others? */
static bool is_treacherous(int32_t c)
{
	return (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) ||
	       c == 0xad || c == 0x61c || c == 0x180e || c == 0xfeff || (c >= 0xfff0 && c <= 0xfffb) ||
	       (c >= 0xe0000 && c <= 0xe007f);
}

void html_add_n(struct text *out, const char *s, size_t n)
{
	size_t size;

	for (size_t i = 0; i < n; i += size) {
		int32_t c = decode(s + i, n - i, &size);

		if (c < 0 || (c < 0x20 && c != '\t') || c == 0x7f)
			text_printf(out, "\\x%02x", (unsigned char)s[i]);
		else if (c >= 0x80 && c < 0xa0)
			text_printf(out, "\\x%02x", (unsigned)c);
		else if (is_treacherous(c))
			text_printf(out, "\\u%04x", (unsigned)c);
		else if (c == '&')
			text_puts(out, "&amp;");
		else if (c == '<')
			text_puts(out, "&lt;");
		else if (c == '>')
			text_puts(out, "&gt;");
		else if (c == '"')
			text_puts(out, "&quot;");
		else
			text_add(out, s + i, size);
	}
}

void html_add(struct text *out, const char *s)
{
	if (s)
		html_add_n(out, s, strlen(s));
}
