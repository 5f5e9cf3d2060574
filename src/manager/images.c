/* SPDX-License-Identifier: ISC */

/* The store keeps an image once, however many unikernels use it; this is who does. */

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "manager/manager-internal.h"

struct Image {
        char digest[IMAGE_DIGEST_TEXT_SIZE];
        unsigned n_holds;
};

static int compare(const void *a, const void *b) {
        return strcmp(((const Image *) a)->digest, ((const Image *) b)->digest);
}

int image_hold(Image **ret, Manager *manager, const char *digest) {
        _cleanup_(freep) Image *image = NULL;
        void *node;

        image = calloc(1, sizeof(*image));
        if (!image)
                return -ENOMEM;
        strncpy(image->digest, digest, sizeof(image->digest) - 1);
        node = tsearch(image, &manager->images, compare);
        if (!node)
                return -ENOMEM;
        *ret = *(Image **) node;
        if (*ret == image)
                TAKE_PTR(image);
        (*ret)->n_holds++;
        return 0;
}

void image_release(Manager *manager, Image *image) {
        if (!image || --image->n_holds > 0)
                return;

        /* The writer carries out in order: an intake of the same bytes that publishes after this
         * brings its own copy. What a crash leaves behind is swept at the next start. */
        writer_order(manager->writer,
                     &(const WriterOrder){
                             .verb = WRITER_REMOVE,
                             .folder = WRITER_IMAGES,
                             .name = image->digest,
                     },
                     NULL, NULL);
        tdelete(image, &manager->images, compare);
        free(image);
}
