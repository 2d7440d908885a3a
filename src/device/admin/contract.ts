// What a device gives the administration module: its capabilities and its types of resource objects. The module knows no device.
import * as admin from '../../../spec/admin.ts';

/** How a command ends (2.12.1 of virtio 1.4). */
export interface AdminOutcome {
  /** ADMIN_OK, or ADMIN_E* of spec/admin.ts. */
  readonly status: number;
  /** ADMIN_Q_* of spec/admin.ts: why it failed. */
  readonly qualifier: number;
}

const outcome = (status: number, qualifier: number): AdminOutcome => ({ status, qualifier });

/** The command succeeded. */
export const DONE: AdminOutcome = outcome(admin.ADMIN_OK, admin.ADMIN_Q_OK);
/** A field of the command's data is wrong. */
export const INVALID_FIELD: AdminOutcome = outcome(admin.ADMIN_EINVAL, admin.ADMIN_Q_INVALID_FIELD);
/** There is no such command, or it is not in use. */
export const INVALID_OPCODE: AdminOutcome = outcome(admin.ADMIN_EINVAL, admin.ADMIN_Q_INVALID_OPCODE);
/** There is no such group. */
export const INVALID_GROUP: AdminOutcome = outcome(admin.ADMIN_EINVAL, admin.ADMIN_Q_INVALID_GROUP);
/** The group has no such member. */
export const INVALID_MEMBER: AdminOutcome = outcome(admin.ADMIN_EINVAL, admin.ADMIN_Q_INVALID_MEMBER);
/** There is no such capability or object. */
export const MISSING: AdminOutcome = outcome(admin.ADMIN_ENXIO, admin.ADMIN_Q_INVALID_FIELD);
/** There is an object with this id. */
export const EXISTS: AdminOutcome = outcome(admin.ADMIN_EEXIST, admin.ADMIN_Q_INVALID_FIELD);
/** Objects depend on what the command would take away. */
export const BUSY: AdminOutcome = outcome(admin.ADMIN_EBUSY, admin.ADMIN_Q_INVALID_COMMAND);
/** The device has no room for the object. */
export const NO_SPACE: AdminOutcome = outcome(admin.ADMIN_ENOSPC, admin.ADMIN_Q_NORESOURCE);

/** A capability (2.12.1.2): what the device can do, and which part of it the driver uses. */
export interface Capability {
  /** Its number: 0x0800 to 0x0fff for those of a device type. */
  readonly id: number;
  /** The cap_specific_data of the device. */
  readonly device: Uint8Array;
  /**
   * Whether the driver may set these values: limits that are no larger, flags and entries that the device has.
   * @param driver its cap_specific_data, as long as the device's. Bytes that the driver did not send are 0
   */
  accepts(driver: Uint8Array): boolean;
}

/** The capabilities that the driver has set: the data by the capability's id, undefined until it is set. */
export type DriverCapabilities = (id: number) => Uint8Array | undefined;

/**
 * A type of resource objects (2.12.1.3). The administration module checks type, id and limit, and keeps each object's data for the query.
 * It calls create() for an id that is free, and modify() and destroy() for one that is in use. If a method does not return DONE, it must
 * have changed nothing. Data is the module's: copy what is kept.
 */
export interface ObjectType {
  /** Its number: 0x200 to 0x4ff for those of a device type. */
  readonly type: number;
  /** Length of resource_obj_specific_data in bytes. Bytes that the driver did not send are 0. */
  readonly bytes: number;
  /** The capabilities that the driver must have set. They do not change while there are objects of this type. */
  readonly capabilities: readonly number[];
  /** Whether the data contains keys. A saved state then has the objects only if it has keys. */
  readonly secret: boolean;
  /** The number of objects that the driver may have: ids are below it. */
  limit(driver: DriverCapabilities): number;
  /** Makes an object. */
  create(id: number, data: Uint8Array, driver: DriverCapabilities): AdminOutcome;
  /** Gives an object new data. */
  modify(id: number, data: Uint8Array, driver: DriverCapabilities): AdminOutcome;
  /** Ends an object. */
  destroy(id: number): AdminOutcome;
  /** Ends all objects, because the device is reset. */
  reset(): void;
  /** What an object has become since it was made, for a saved state. Left out: objects do not change by themselves. */
  save?(id: number): Uint8Array;
  /** Takes over what save() returned, for an object that was just made. Returns false if it is damaged. */
  restore?(id: number, state: Uint8Array): boolean;
}

/** What the administration queue manages. */
export interface Administered {
  readonly capabilities: readonly Capability[];
  readonly objectTypes: readonly ObjectType[];
}
