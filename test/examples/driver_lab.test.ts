// examples/driver_lab.test.mjs passes as it is.
import '../../examples/driver_lab.test.mjs';
