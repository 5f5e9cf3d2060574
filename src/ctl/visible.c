/* SPDX-License-Identifier: ISC */

#include <stdio.h>

#include "base/cleanup.h"
#include "ctl/properties.h"
#include "ctl/target.h"
#include "ctl/visible.h"

void visible_tell(sd_bus *bus, const Name *name, const Options *options) {
        _cleanup_(json_decrefp) json_t *properties = NULL;
        char text[NAME_MAX_LENGTH + 2];
        Fault fault = {};

        /* Nothing was given that could be secret; then this costs no round trip. */
        if (options->n_rest == 0 || option_given(options, OPTION_QUIET))
                return;
        if (properties_get(&properties, bus, name, &fault) < 0)
                return;
        if (!json_is_true(json_object_get(properties, "ArgumentsVisible")))
                return;
        target_text(name->text, options, text);
        fprintf(stderr,
                "Note: %s is run by a tender of Solo5, so its arguments can be read in /proc by "
                "everybody on its host.\n",
                text);
}
