/* uki/cmd_version.c - `cloud-boot version`. */
#include "uki/host.h"

const char cb_version[] = CB_VERSION;

struct args {
	bool json;
};

static const struct cb_opt opts[] = {
	{ "json", 0, CB_OPT_FLAG, NULL, offsetof(struct args, json), "print JSON" },
};

static int run(struct cb_host *h, const void *args, const struct cb_list *operands)
{
	const struct args *a = args;

	(void)h;
	(void)operands;
	if (a->json)
		printf("{\"name\":\"cloud-boot\",\"version\":\"%s\"}\n", cb_version);
	else
		printf("cloud-boot %s\n", cb_version);
	return 0;
}

const struct cb_cmd cb_cmd_version = {
	.name = "version", .summary = "print the version of cloud-boot",
	.examples = "cloud-boot version\ncloud-boot version --json", CB_OPTS(opts),
	.args_size = sizeof(struct args), .run = run,
};
