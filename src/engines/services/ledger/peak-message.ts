/** The id of the message by which units of ours say what the most memory of a run was, where systemd does not. Random, as such ids are (sd_id128_randomize(3)). */
export const peakMessageId = '6d1f0a3b8c5e4f27a94be2d07c31f586'
