/* processor_ids.c -- the processors of a PC, as ACPI lists them: by the ids of their local APICs.
 */
#include "acpi.h"
#include "lapic.h"
#include "start.h"
#include "xen_guest.h"
#include "../metal.h"

static uint8_t apic_ids[LEAT_METAL_PROCESSORS_MAX]; /* by number */
static unsigned count;                              /* 0: not known yet */

unsigned processors_count(void)
{
    const uint8_t *ids;
    unsigned listed;

    if (count > 0)
        return count;
    apic_ids[0] = lapic_id();
    count = 1;
    if (xen_guest()) /* its interrupts come in another way, to the first processor */
        return count;
    listed = acpi_processors(&ids);
    for (unsigned i = 0; i < listed && count < LEAT_METAL_PROCESSORS_MAX; i++) {
        if (ids[i] != apic_ids[0])
            apic_ids[count++] = ids[i];
    }
    return count;
}

uint8_t processor_apic_id(unsigned number)
{
    return number < processors_count() ? apic_ids[number] : apic_ids[0];
}

unsigned processors_here(void)
{
    const uint8_t id = lapic_id();

    for (unsigned i = 1; i < count; i++) {
        if (apic_ids[i] == id)
            return i;
    }
    return 0;
}
