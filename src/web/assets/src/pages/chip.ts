// The head of a page that has no letters.

import { beginHead } from "../desk/chip.ts";

beginHead();
