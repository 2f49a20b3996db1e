export const NAME = 'm4-balance';
