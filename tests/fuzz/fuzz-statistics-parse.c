/* SPDX-License-Identifier: ISC */

/* What the kernel's files say of a process that calls itself what it likes. The first byte says
 * which file it is. */

#include <math.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "fuzz.h"
#include "statistics/parse.h"

static void check_figures(const Figures *figures, FigureSource source) {
        for (Statistic figure = 0; figure < N_STATISTICS; figure++) {
                const FigureInfo *info = &figure_infos[figure];

                if (!figures_have(figures, figure))
                        continue;
                property(info->source == source, "a file tells what the table says of it");
                property(info->type != 'd' ||
                                 (isfinite(figure_to_double(figures->values[figure])) &&
                                  figure_to_double(figures->values[figure]) >= 0),
                         "what is not whole is a number all the same");
        }
}

bool fuzz_input(const uint8_t *data, size_t size) {
        Bytes bytes = {data, size};
        FigureSource source = bytes_take(&bytes) % FIGURE_N_SOURCES;
        _cleanup_(freep) char *text = fuzz_text(bytes.data, bytes.size);
        ProcessStat stat = {'?', 7};
        Figures figures = {};
        int r;

        if (source == FIGURE_STAT) {
                r = parse_stat(text, 100, &figures, &stat);
                check_figures(&figures, source);
                property(r == 0 || (figures.present == 0 && stat.start_ticks == 7),
                         "what is refused leaves all as it was");
                return r == 0;
        }
        parse_file(source, text, &figures);
        check_figures(&figures, source);
        return figures.present != 0;
}
