/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * Which message it is, in its field MESSAGE_ID. A number never changes its meaning; what it means
 * is explained in catalog/albatross.catalog, and tests/lint/catalog.sh holds the two together.
 */

#define MESSAGE_UNIKERNEL_CREATED    "2378c0b1749d42cc865bde351a1f173d"
#define MESSAGE_UNIKERNEL_STARTED    "3d7d6dc1cf6e4d6b8c0bd0e618167a72"
#define MESSAGE_UNIKERNEL_ENDED      "5a8631b7b5004a169969bd2f9773df3b"
#define MESSAGE_UNIKERNEL_RESTARTING "8c025564acf94ebf9310ef7dbf2685fc"
#define MESSAGE_UNIKERNEL_FAILED     "070271a1916c474a822fda0bd1e17be4"
#define MESSAGE_UNIKERNEL_HELD       "fe34cab18b99471082a395486351a78a"
#define MESSAGE_UNIKERNEL_NO_START   "f2e5fbb47ede486fac75efb2401aa7e8"
#define MESSAGE_UNIKERNEL_CHANGED    "42764b5fe1584a48a520a12955c50c7a"
#define MESSAGE_UNIKERNEL_WENT_BACK  "bdb6327af3f84d6095c9de33770a7e93"
#define MESSAGE_UNIKERNEL_DESTROYED  "808e5d07f2ba43dbbcc1705a4a7a8fce"
#define MESSAGE_UNIKERNEL_ADOPTED    "8c1a275bd4624c3993536ac2a5486e90"
#define MESSAGE_STRAY                "3400421a150a445fbe93854075f8700f"
#define MESSAGE_POLICY_SET           "c81d7064adec4d49a3796c0fcb2df5f3"
#define MESSAGE_POLICY_REMOVED       "b17e67dc0fa840bf924fb2946e97e9a7"
#define MESSAGE_BLOCK_CREATED        "b03f1e83afe84e52bba61da16b2bc92f"
#define MESSAGE_BLOCK_WRITTEN        "3d76df09362244e6af6fa07839e776d1"
#define MESSAGE_BLOCK_REMOVED        "6cbcef539fd8495bbf927536a5df3d67"
#define MESSAGE_QUARANTINED          "10794fe6a6c642b4965a7c66b8be41f5"
#define MESSAGE_ALLOWED              "cf4cf1d3b200420b9dec7d71d9eb977c"
#define MESSAGE_REFUSED              "a1ad08e82c4d4a039b526da734c6eaae"
