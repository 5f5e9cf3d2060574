/* SPDX-License-Identifier: ISC */
#pragma once

/* Which of the two formats a client wants, as its header Accept says (RFC 9110, section 12.5.1). */

typedef enum Format {
        FORMAT_TEXT,        /* Prometheus' text format 0.0.4 */
        FORMAT_OPENMETRICS, /* 1.0.0 */
        N_FORMATS,
} Format;

/* NULL: it says nothing, and gets the older one. Where both are as good it is
 * OpenMetrics when that was named. -EINVAL: it
 * takes neither. A part of @accept that makes no sense is passed over. */
int negotiate(const char *accept);

/* For Content-Type. */
const char *format_content_type(Format format);
